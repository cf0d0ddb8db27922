// What the claims share: one real Chromium without network, pages that are watched, a server as strict as Jenkins.
import { readFileSync, existsSync } from "node:fs";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";
import { chromium } from "playwright-core";

const FOLDER = process.env.ITRUN_PAGES; // big/, hostile/, real/, each with report.html and expected.json
const CHROMIUM = ["/usr/bin/chromium", "/usr/bin/chromium-browser"].find((path) => existsSync(path));
const FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking",
  "--disable-component-update", "--disable-sync"];

export const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
export const file = (name) => `${FOLDER}/${name}/report.html`;
export const expected = (name) => JSON.parse(readFileSync(`${FOLDER}/${name}/expected.json`, "utf8"));

let browser;
const opened = []; // contexts and servers of the test that runs

export async function openBrowser() {
  if (!CHROMIUM) {
    throw new Error("no chromium here: scripts/setup tests installs it");
  }
  browser = await chromium.launch({ executablePath: CHROMIUM, args: FLAGS });
}

export const closeBrowser = () => browser.close();

/** After each test, however it ended: a server left open would keep node from ending. */
export async function closeOpened() {
  await Promise.all(opened.splice(0).map((one) => one.close()));
}

/** A page in a context of its own, with the network off; `watched` gathers errors and requests. */
export async function newPage({ init, ...options } = {}) {
  const context = await browser.newContext({ viewport: { width: 1360, height: 900 }, ...options });
  opened.push(context);
  const watched = { errors: [], requests: [] };
  await context.setOffline(true);
  if (init) {
    await context.addInitScript(init);
  }
  const page = await context.newPage();
  page.setDefaultTimeout(10000);
  page.on("pageerror", (error) => watched.errors.push(String(error)));
  page.on("console", (message) => message.type() === "error" && watched.errors.push(message.text()));
  page.on("request", (request) => watched.requests.push(request.url()));
  return { page, context, watched };
}

export async function ready(page) {
  await page.waitForFunction(() => document.documentElement.dataset.ready === "true");
}

/** Opens a report from disk and waits until its script has built it. */
export async function open(name, { hash = "", ...options } = {}) {
  const made = await newPage(options);
  await made.page.goto(pathToFileURL(file(name)) + hash);
  await ready(made.page);
  return made;
}

/** As Jenkins serves files of a build. */
export const JENKINS_POLICY = "sandbox allow-same-origin; default-src 'none'; img-src 'self'; style-src 'self';";

export async function serve(name, headers) {
  const server = createServer((request, response) => {
    response.writeHead(request.url === "/report.html" ? 200 : 404, { "Content-Type": "text/html; charset=utf-8", ...headers });
    response.end(request.url === "/report.html" ? readFileSync(file(name)) : "");
  });
  await new Promise((done) => server.listen(0, "127.0.0.1", done));
  opened.push({ close: () => new Promise((done) => {
    server.close(done);
    server.closeAllConnections();
  }) });
  return `http://127.0.0.1:${server.address().port}/report.html`;
}

export const search = (page, query) => page.getByLabel("Filter tests").fill(query);

/** "123 of 10,000 tests" -> 123 */
export async function shown(page) {
  const text = await page.locator("#bar output").textContent();
  return Number(text.split(" ")[0].replaceAll(",", ""));
}

export const middle = (numbers) => [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)];
