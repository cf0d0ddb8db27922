"""The figures that itrun promises, measured as ratios: itrun and its yardstick in turns, in one run.

usage: figures.py BUILD WORK PART...        (scripts/bench calls it)

Each pair of runs gives one ratio; the figure is the median of them. Ends with 1 only where a measurement failed: a
missed target is a result.
"""

import dataclasses
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import time
import xml.etree.ElementTree as ElementTree

HERE = pathlib.Path(__file__).resolve().parent
RUN_TIMEOUT_S = 300
BUSY_LIMIT = 0.1  # of the machine, used by others while we measure


class MeasurementFailed(Exception):
    pass


@dataclasses.dataclass
class Cost:
    wall_ms: float
    cpu_ms: float
    peak_mb: float


@dataclasses.dataclass
class Row:
    figure: str
    ours: str
    theirs: str
    value: float
    limit: float
    form: str

    def cells(self):
        verdict = "met" if self.value <= self.limit else "missed"
        return [self.figure, self.ours, self.theirs, self.form % self.value, "<= " + self.form % self.limit, verdict]


class Bench:
    def __init__(self, build, work):
        self.build = pathlib.Path(build)
        self.tools = self.build / "tests" / "bench"
        self.work = pathlib.Path(work)
        self.spent_s = self.spent_by_others_s = 0.0

    def folder(self, name):
        folder = self.work / name
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        return folder

    def run(self, folder, *command, expected="0"):
        """Runs a command in `folder` that must end as expected; returns its cost."""
        command = [str(word) for word in command]
        costs, log = folder / "costs", folder / "log"
        environment = dict(os.environ, XDG_STATE_HOME=str(folder / "state"))
        before_s, busy_before_s = time.monotonic(), busy_s()
        with open(log, "wb") as output:
            ended = subprocess.run(
                [self.tools / "measure", costs, *command],
                cwd=folder, env=environment, stdin=subprocess.DEVNULL, stdout=output, stderr=output,
                timeout=RUN_TIMEOUT_S,
            )
        if ended.returncode != 0:
            raise MeasurementFailed(f"{command[0]} could not be measured: {tail(log)}")
        wall_ms, cpu_ms, peak_kib, status = costs.read_text().split()
        self.spent_s += (time.monotonic() - before_s) * os.cpu_count()
        self.spent_by_others_s += max(0, busy_s() - busy_before_s - float(cpu_ms) / 1000)
        if status != expected:
            raise MeasurementFailed(f"{' '.join(command)[:120]} ended with {status}: {tail(log)}")
        return Cost(float(wall_ms), float(cpu_ms), int(peak_kib) / 1024)

    def itrun(self, folder, lanes, test_count, expected="0"):
        """One whole run of itrun on folder/itrun.yaml, from nothing; it must have seen every test."""
        output = folder / "output"
        shutil.rmtree(output, ignore_errors=True)
        options = ["--shards", lanes, "--jobs", lanes, "--output", output]
        cost = self.run(folder, self.build / "itrun", "run", *options, expected=expected)
        latest = output / "latest"
        roots = [ElementTree.parse(part).getroot() for part in latest.glob("junit*.xml")]
        tests = sum(int(root.get("tests", "0")) for root in roots)
        if tests != test_count:
            raise MeasurementFailed(f"junit.xml and its parts hold {tests} tests, not {test_count}")
        journal = (latest / "events.ndjson").read_bytes()
        if journal.count(b'"suite.finished"') == 0:
            raise MeasurementFailed("the journal holds no outcome")
        return cost


def busy_s():
    """Seconds that the processors of this machine were not idle, also those that its host took away."""
    user, nice, system, _, _, interrupt, soft, stolen = map(int, pathlib.Path("/proc/stat").read_text().split()[1:9])
    return (user + nice + system + interrupt + soft + stolen) / os.sysconf("SC_CLK_TCK")


def tail(path):
    return " | ".join(path.read_text(errors="replace").split("\n")[-6:])


def write_config(folder, suites):
    """suites: (name, command, report or None)."""
    lines = ["version: 1", "project: bench", "accounts: {provider: local}", "suites:"]
    for name, command, report in suites:
        lines += [f"  - name: {name}", f"    command: {command}"]
        lines += [f"    report: {report}"] if report else []
    (folder / "itrun.yaml").write_text("\n".join(lines) + "\n")


def in_turns(name, repeats, ours, theirs):
    """Pairs of costs; which of the two goes first alternates. The first pair warms the caches and is dropped."""
    pairs = []
    for turn in range(repeats + 1):
        print(f"{name}: {turn} of {repeats} pairs measured", file=sys.stderr, flush=True)
        if turn % 2 == 0:
            mine = ours()
            other = theirs()
        else:
            other = theirs()
            mine = ours()
        pairs.append((mine, other))
    return pairs[1:]


def compare(figure, pairs, limit, kind, unit, form):
    """One row: medians of both sides, and the median of the pairs' ratios."""
    mine = [getattr(ours, kind) for ours, _ in pairs]
    other = [getattr(theirs, kind) for _, theirs in pairs]
    scale = 100 if "%%" in form else 1
    ratio = statistics.median(ours / theirs for ours, theirs in zip(mine, other)) * scale
    return Row(figure, unit % statistics.median(mine), unit % statistics.median(other), ratio, limit, form)


# --- parts ------------------------------------------------------------------------------------------------


def spawn(bench):
    folder, count, lanes = bench.folder("spawn"), 2000, 8
    write_config(folder, [(f"true-{i:04}", "/bin/true", None) for i in range(count)])
    pairs = in_turns(
        "spawn", 5,
        lambda: bench.itrun(folder, lanes, count),
        lambda: bench.run(folder, bench.tools / "spawn_loop", count, lanes, "/bin/true"),
    )
    return [compare("2,000 x true, 8 at once", pairs, 1.3, "wall_ms", "%.0f ms", "%.2f")]


def sleep(bench):
    folder, count = bench.folder("sleep"), 200
    write_config(folder, [(f"sleep-{i:03}", "sleep 1", None) for i in range(count)])
    pairs = in_turns(
        "sleep", 5,
        lambda: bench.itrun(folder, count, count),
        lambda: bench.run(folder, bench.tools / "spawn_loop", count, count, "sleep", "1"),
    )
    return [compare("200 x sleep 1, 200 at once", pairs, 1.05, "wall_ms", "%.0f ms", "%.3f")]


def memory(bench):
    """What is measured is the largest process among itrun, its guards and its suites: itrun itself, at most."""
    lanes = 200
    idle = bench.folder("memory-idle")
    write_config(idle, [(f"sleep-{i:03}", "sleep 1", None) for i in range(lanes)])
    runs = [("peak memory, 200 lanes of sleep 1", idle, lanes, "0")]
    for cases in (50, 500):
        busy = bench.folder(f"memory-busy-{cases}")
        (busy / "report.xml").write_text(report_of(0, cases))
        write_config(busy, [(f"report-{i:03}", f"cp report.xml report-{i:03}.xml", f"report-{i:03}.xml") for i in range(lanes)])
        runs.append((f"peak memory, 200 lanes, {cases} cases each", busy, lanes * cases, "1"))
    rows = []
    for figure, folder, tests, expected in runs:
        peak_mb = statistics.median(bench.itrun(folder, lanes, tests, expected).peak_mb for _ in range(3))
        rows.append(Row(figure, "%.1f MB" % peak_mb, "-", peak_mb, 32, "%.1f MB"))
    return rows


def merge(bench):
    folder, files, cases = bench.folder("merge"), 200, 500
    names = []
    for number in range(files):
        names.append(f"report-{number:03}.xml")
        (folder / names[-1]).write_text(report_of(number, cases))
    merger = HERE / "node_modules" / ".bin" / "jrm"

    def check(path):
        parts = [path, *folder.glob(path.name + ".*")]
        found = sum(1 for part in parts for _, element in ElementTree.iterparse(part) if element.tag == "testcase")
        if found != files * cases:
            raise MeasurementFailed(f"{path.name} holds {found} cases, not {files * cases}")

    def ours():
        cost = bench.run(folder, bench.tools / "merge_bench", "ours.out", *names)
        check(folder / "ours.out")
        return cost

    def theirs():
        cost = bench.run(folder, merger, "theirs.out", "report-*.xml")
        check(folder / "theirs.out")
        return cost

    pairs = in_turns("merge", 3, ours, theirs)
    title = "merge 200 reports of 500 cases: "
    return [
        compare(title + "time", pairs, 10, "wall_ms", "%.0f ms", "%.1f %%"),
        compare(title + "memory", pairs, 10, "peak_mb", "%.1f MB", "%.1f %%"),
    ]


TRACEBACK = """self = &lt;tests.api.test_orders_%d.TestOrders object at 0x7f3f7c0&gt;, table = 'orders-%d'

    def test_total_after_refund(self, table, customer):
        order = place_order(table, customer, items=[("book", 2), ("pen", 10)])
        refund(order, "pen")
&gt;       assert order.total == Decimal("39.80"), "the refund &amp; the tax must both count"
E       AssertionError: the refund &amp; the tax must both count
E       assert Decimal('41.30') == Decimal('39.80')
E        +  where Decimal('41.30') = &lt;Order 17 of 'Zo\u00eb'&gt;.total

tests/api/test_orders_%d.py:%d: AssertionError"""


def report_of(number, cases):
    """As pytest writes it: of 50 cases one fails, one is skipped, and two printed something."""
    failed, skipped = len(range(7, cases, 50)), len(range(21, cases, 50))
    parts = [
        '<?xml version="1.0" encoding="utf-8"?><testsuites name="pytest tests"><testsuite name="pytest" errors="0" '
        f'failures="{failed}" skipped="{skipped}" tests="{cases}" time="61.3" '
        'timestamp="2026-03-01T10:00:00.000000+00:00" hostname="ci">'
    ]
    for case in range(cases):
        parts.append(
            f'<testcase classname="tests.api.test_orders_{number}.TestOrders" '
            f'name="test_total_of_an_order[{case}-customer-{case * 7919 % 1000}]" time="{case % 97 / 1000:.3f}"'
        )
        if case % 50 == 7:
            body = TRACEBACK % (number, case, number, case)
            parts.append(f'><failure message="AssertionError: the refund &amp; the tax must both count">{body}</failure></testcase>')
        elif case % 50 == 21:
            parts.append('><skipped type="pytest.skip" message="no refunds on Sundays">tests/conftest.py:41</skipped></testcase>')
        elif case % 50 in (3, 4):
            parts.append(f"><system-out>placed order {case}\nrefunded order {case}\n</system-out></testcase>")
        else:
            parts.append(" />")
    return "".join(parts) + "</testsuite></testsuites>\n"


# --- the table --------------------------------------------------------------------------------------------


def print_table(rows):
    table = [["figure", "itrun", "yardstick", "ratio", "target", ""]] + [row.cells() for row in rows]
    widths = [max(len(line[i]) for line in table) for i in range(len(table[0]))]
    print()
    for line in table:
        print("  ".join(cell.ljust(width) for cell, width in zip(line, widths)).rstrip())


PARTS = {"spawn": spawn, "sleep": sleep, "memory": memory, "merge": merge}


def main(build, work, *parts):
    unknown = [part for part in parts if part not in PARTS]
    if unknown:
        print(f"unknown part '{unknown[0]}': one of {' '.join(PARTS)}", file=sys.stderr)
        return 2
    bench = Bench(build, work)
    rows, is_broken = [], False
    for part in parts or PARTS:
        try:
            rows += PARTS[part](bench)
        except (MeasurementFailed, OSError, subprocess.TimeoutExpired, ElementTree.ParseError) as failure:
            print(f"{part}: not measured: {failure}", file=sys.stderr)
            is_broken = True
    if rows:
        print_table(rows)
    share = bench.spent_by_others_s / bench.spent_s if bench.spent_s else 0
    if share > BUSY_LIMIT:
        print(f"\nOther programs used {share:.0%} of this machine meanwhile: do not trust these ratios of time.")
    return 1 if is_broken else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
