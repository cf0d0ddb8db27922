"""python -m emulator --port 0 --ready-file FILE --log calls.ndjson [--config FILE]"""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
import threading
import warnings

from . import lifeline


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m emulator", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0, help="0: any free port")
    parser.add_argument("--ready-file", help='written when calls are accepted: {"port", "pid"}')
    parser.add_argument("--log", help="append every call as one JSON line")
    parser.add_argument("--config", help='JSON: {"settings": {}, "faults": [], "root_keys": []}')
    parser.add_argument("--threads", type=int, default=64,
                        help="a long poll of SQS holds one")
    parser.add_argument("--lifeline-fd", type=int, help="end when this descriptor is closed (0: stdin)")
    parser.add_argument("--no-parent-watch", action="store_true", help="outlive the parent process")
    parser.add_argument("--no-warm-up", action="store_true", help="import moto's services on first use")
    return parser.parse_args()


def write_atomically(path: str, text: str) -> None:
    temporary = f"{path}.{os.getpid()}.tmp"
    with open(temporary, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    os.replace(temporary, path)


def main() -> int:
    arguments = parse_arguments()
    ended = threading.Event()
    # The parent may go while we still import: watch from the first moment on.
    if not arguments.no_parent_watch:
        lifeline.watch_parent(ended)
    if arguments.lifeline_fd is not None:
        lifeline.watch_descriptor(arguments.lifeline_fd, ended)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ended.set())

    # Calls that moto makes on its own behalf must never look for real credentials.
    os.environ.update(AWS_ACCESS_KEY_ID="emulator", AWS_SECRET_ACCESS_KEY="emulator",
                      AWS_EC2_METADATA_DISABLED="true")
    warnings.filterwarnings("ignore", module="moto")
    from .application import Application
    from .server import Server
    from .stacks import install
    from .warm_up import remember, warm_up
    from .world import WORLD

    if arguments.config:
        try:
            with open(arguments.config, encoding="utf-8") as file:
                WORLD.configure(json.load(file))
        except (OSError, ValueError, KeyError, TypeError) as problem:
            print(f"emulator: {arguments.config}: {problem}", file=sys.stderr)
            return 2
    if arguments.log:
        WORLD.calls.open(arguments.log)
    install()
    remember()
    application = Application(WORLD)
    if not arguments.no_warm_up:
        warm_up(application)

    server = Server((arguments.host, arguments.port), application, arguments.threads)
    try:
        server.prepare()
    except OSError as problem:
        print(f"emulator: cannot listen on {arguments.host}:{arguments.port}: {problem}", file=sys.stderr)
        return 1
    port = server.bind_addr[1]
    WORLD.endpoint = f"http://{arguments.host}:{port}"
    threading.Thread(target=server.serve, daemon=True, name="server").start()
    if arguments.ready_file:
        write_atomically(arguments.ready_file, json.dumps({"port": port, "pid": os.getpid()}) + "\n")
    else:
        print(WORLD.endpoint, flush=True)
    while not ended.wait(3600):
        pass

    # A thread may be waiting in a long poll: stopping takes no longer than this.
    stopper = threading.Thread(target=server.stop, daemon=True)
    stopper.start()
    stopper.join(2)
    WORLD.calls.close()
    sys.stderr.flush()
    os._exit(0)


if __name__ == "__main__":
    sys.exit(main())
