// Perfetto's trace processor as its user interface runs it, without a browser: requests of its RPC protocol on standard
// input, its answers on standard output. usage: node trace_processor.js FOLDER_OF_THE_USER_INTERFACE
const fs = require("fs");
const path = require("path");
const vm = require("vm");

for (const what of ["uncaughtException", "unhandledRejection"]) {
  process.on(what, (error) => { // without the line of the bundle, which has no end
    process.stderr.write(`${what}: ${error?.message ?? error}\n${String(error?.stack).slice(-600)}\n`);
    process.exit(1);
  });
}

const folder = process.argv[2];

/** What a web worker has; it reads its WebAssembly at once. */
class FileRequest {
  open(_, url) { this.url = url; }
  send() {
    const bytes = fs.readFileSync(path.join(folder, path.basename(this.url)));
    this.response = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length);
    this.status = 200;
  }
}
const worker = { location: { href: "http://trace.invalid/engine_bundle.js" } };
const world = vm.createContext({
  self: worker, location: worker.location, WorkerGlobalScope: class {}, importScripts() {}, XMLHttpRequest: FileRequest,
  console: { log: console.error, warn() {}, error: console.error },
  setTimeout, clearTimeout, performance, TextDecoder, TextEncoder, URL,
});
vm.runInContext(fs.readFileSync(path.join(folder, "engine_bundle.js"), "utf8"), world);

setTimeout(() => { // what the bundle began has ended: it waits for nothing but its own promises
  const port = { postMessage: (bytes) => process.stdout.write(Buffer.from(bytes)) };
  worker.onmessage({ data: port });
  port.onmessage({ data: new (vm.runInContext("Uint8Array", world))(fs.readFileSync(0)) });
}, 0);
