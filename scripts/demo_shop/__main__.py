"""python scripts/demo_shop --itrun PROGRAM: the demo itself; scripts/demo builds the program and calls it."""

from __future__ import annotations

import argparse
import signal
import sys
import time

import steps
import table
from stage import Interrupted, Stage

ACCOUNTS = 200


def interrupt(number: int, _frame: object) -> None:
    raise Interrupted(number)


def main() -> int:
    parser = argparse.ArgumentParser(prog="demo_shop", description=__doc__)
    parser.add_argument("--itrun", required=True, help="the built program")
    arguments = parser.parse_args()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, interrupt)
    began = time.monotonic()
    rows: list[table.Row] = []
    stage = None
    try:
        stage = Stage(arguments.itrun, ACCOUNTS)
        stage.open()
        for step in steps.ALL:
            rows.append(step(stage))
        stage.close()
    except Interrupted as stop:
        where = f"; what there is lies in {stage.work}" if stage else ""
        print(f"\ndemo: stopped by {signal.Signals(stop.number).name}{where}", file=sys.stderr)
        return 128 + stop.number
    finally:
        if stage:
            stage.close()
    is_fine = all(not row.differences for row in rows)
    table.show(rows)
    print(f"\nfiles      {stage.work}   (calls.ndjson, ledger/, console/, shop/.itrun/runs/; rm -r it when done)")
    print(f"took       {time.monotonic() - began:.0f} s; the emulator has stopped")
    print("every number agrees" if is_fine else "NOT EVERYTHING AGREES: see the lines marked ! above")
    return 0 if is_fine else 1


if __name__ == "__main__":
    sys.exit(main())
