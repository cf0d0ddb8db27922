#!/usr/bin/env python3
"""The rules of the house that a compiler cannot check. Each check is one claim; prints "N passed, N failed".

usage: check.py BUILD_DIRECTORY      (a built tree with libroom_*.a, for the symbols)
"""
import ast
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BUILD = Path(sys.argv[1] if len(sys.argv) > 1 else ROOT / "build/dev")
FUNCTION_LINES, FILE_LINES = 70, 700
# Functions that may be longer, with the reason. The list only shrinks.
LONG_FUNCTIONS: dict[str, str] = {}
WALL_RANK = 4  # rooms up to this rank are above the glass wall
BANNED_SYMBOLS = re.compile(
    r"^(uv_\w+|curl_\w+|sqlite3_\w+|time|clock_gettime|gettimeofday|getenv|secure_getenv|open|open64|openat|fopen|fopen64|"
    r"read|write|pread|pwrite|socket|connect|fork|vfork|posix_spawnp?|execv\w*|system|popen|exit|_exit|usleep|nanosleep|"
    r"sleep|rand|srand|random|getrandom|pthread_create|environ|printf|puts|putchar|stdout)$")
BANNED_NAMES = {"util.c", "utils.c", "misc.c", "helpers.c", "common.h", "common.c", "util.h", "helper.c", "manager.c"}
HOMES = {  # third-party header -> folders that may include it
    "cJSON.h": ["runner/base"], "expat.h": ["runner/base"], "pcre2.h": ["runner/base"], "openssl/": ["runner/base"],
    "libfyaml.h": ["runner/config"], "curl/curl.h": ["runner/http"], "sqlite3.h": ["runner/store"],
    "archive_entry.h": ["runner/host/archive"], "zlib.h": ["runner/base"],
    "uv.h": ["runner/loop", "runner/http", "runner/aws", "runner/github", "runner/store", "runner/host", "runner/cli"],
}


def read(path):
    return path.read_text(encoding="utf-8", errors="replace")


def sources(*folders, suffixes=(".c", ".h")):
    return sorted(p for f in folders for p in (ROOT / f).rglob("*") if p.suffix in suffixes and p.is_file())


def rooms():
    """name -> (folder, rank, direct dependencies), from the build itself: one truth."""
    text = re.sub(r"\s+", " ", read(ROOT / "CMakeLists.txt"))
    found = {}
    for name, folder, rank, rest in re.findall(r"room\((\w+) (\S+) (\d+)([^)]*)\)", text):
        depends = re.search(r"DEPENDS ([a-z ]+)", rest)
        found[name] = (folder, int(rank), set((depends.group(1) if depends else "").split()))
    return found


def room_of_header(include, table):
    """itrun/x.h or itrun/x/y.h -> the room whose door plate it is."""
    parts = include.split("/")[1:]
    name = parts[0].removesuffix(".h")
    return {"planner": "plan"}.get(name, name) if name in table or name == "planner" else None


def includes(path):
    return re.findall(r'^\s*#\s*include\s+["<]([^">]+)[">]', read(path), re.M)


def check_ranks(fail):
    table = rooms()
    for name, (folder, rank, depends) in table.items():
        for path in sources(folder):
            for include in includes(path):
                other = room_of_header(include, table) if include.startswith("itrun/") else None
                if other and other != name and other not in depends:
                    fail(f"{path.relative_to(ROOT)} includes {include}: room {name} may not use room {other}")
    for path in sources("include"):
        own = room_of_header(str(path.relative_to(ROOT / "include")), table)
        for include in includes(path):
            other = room_of_header(include, table) if include.startswith("itrun/") else None
            if own and other and table[other][1] > table[own][1]:
                fail(f"{path.relative_to(ROOT)} (rank {table[own][1]}) includes {include} (rank {table[other][1]})")


def check_wall(fail):
    for name, (folder, rank, _) in rooms().items():
        library = BUILD / f"libroom_{name}.a"
        if rank > WALL_RANK:
            continue
        if not library.exists():
            fail(f"{library} is not built")
            continue
        output = subprocess.run(["nm", "-u", library], capture_output=True, text=True, check=True).stdout
        for symbol in sorted({line.split()[-1].split("@")[0] for line in output.splitlines() if " U " in line}):
            if BANNED_SYMBOLS.match(symbol):
                fail(f"room {name} is above the glass wall and calls {symbol}")


def check_homes(fail):
    for path in sources("runner", "reporters", "include"):
        relative = str(path.relative_to(ROOT))
        for include in includes(path):
            for header, homes in HOMES.items():
                is_it = include.endswith(header) if not header.endswith("/") else include.startswith(header)
                if header == "uv.h" and include != "uv.h":
                    is_it = False
                if is_it and not any(relative.startswith(home + "/") for home in homes) and relative != "runner/cli/commands.h":
                    fail(f"{relative} includes {include}, whose home is {' '.join(homes)}")


def strip_comments(text):
    """Comments and literals blanked, lines kept."""
    pattern = r'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\''
    return re.sub(pattern, lambda m: re.sub(r"[^\n]", " ", m.group(0)), text, flags=re.S)


def functions(path):
    """(name, first line, lines) of each function, by braces at column 0 as the formatter leaves them."""
    lines = strip_comments(read(path)).split("\n")
    start = None
    for i, line in enumerate(lines):
        if line == "{" and i > 0:
            start = i
        elif line == "}" and start is not None:
            head = " ".join(lines[max(0, start - 4):start])
            names = re.findall(r"(\w+)\s*\(", head)
            yield (names[-1] if names else "?", start, i - start + 1)
            start = None


def check_sizes(fail):
    for path in sources("runner", "reporters"):
        relative = path.relative_to(ROOT)
        count = read(path).count("\n")
        if count > FILE_LINES:
            fail(f"{relative} has {count} lines, the most is {FILE_LINES}")
        for name, line, length in functions(path):
            if length > FUNCTION_LINES and f"{relative}:{name}" not in LONG_FUNCTIONS:
                fail(f"{relative}:{line}: a function of {length} lines, the most is {FUNCTION_LINES}")


def check_names(fail):
    for path in sources("runner", "reporters", "include", "tests"):
        if path.name in BANNED_NAMES:
            fail(f"{path.relative_to(ROOT)}: a name that says nothing")
    seen = {}
    for path in sources("runner", "reporters", suffixes=(".c",)):
        seen.setdefault(path.name, []).append(str(path.relative_to(ROOT)))
    for name, places in seen.items():
        if len(places) > 1 and name not in {"sink.c", "credentials.c", "command_line.c", "junit.c", "commands.c", "command.c"}:
            fail(f"{name} is the name of several files: {' '.join(places)}")


def blocks(text, pattern):
    """(name, body) for each match of pattern that is followed by a { block } at column 0."""
    for match in re.finditer(pattern, text, re.M):
        end = text.find("\n}", match.end())
        yield match.group(1).strip(), text[match.end():end]


def asserting_functions(texts):
    """Names of functions that assert, by themselves or through one another."""
    bodies = {}
    for text in texts:
        for match in re.finditer(r"^(?:[\w\*]+ )+\**(\w+)\([^;{}]*\)\n\{", text, re.M):
            end = text.find("\n}", match.end())
            bodies[match.group(1)] = text[match.end():end]
        for match in re.finditer(r"^\s*#\s*define\s+(\w+)\(((?:[^\n]*\\\n)*[^\n]*)", text, re.M):
            bodies[match.group(1)] = match.group(2)
    good = {name for name, body in bodies.items() if re.search(r"\bcr_(assert|expect|fail)|\bclaim\b|\bexpect\b", body)}
    while True:
        more = {n for n, b in bodies.items() if n not in good and any(re.search(rf"\b{g}\s*\(", b) for g in good)}
        if not more:
            return good
        good |= more


def check_tests_assert(fail):
    count = 0
    for folder in sorted((ROOT / "tests/unit").iterdir()):
        if not folder.is_dir():
            continue
        texts = [read(p) for p in sorted(folder.rglob("*.[ch]"))]
        good = asserting_functions(texts)
        for path in sorted(folder.rglob("*.c")):
            for name, body in blocks(read(path), r"^(?:Parameterized)?Test\(([^)]*)\)\s*\{?"):
                count += 1
                is_signal = "signal" in name
                asserts = re.search(r"\bcr_(assert|expect|fail)", body) or any(re.search(rf"\b{g}\s*\(", body) for g in good)
                if not asserts and not is_signal:
                    fail(f"{path.relative_to(ROOT)}: Test({name}) asserts nothing")
    if count < 100:
        fail(f"only {count} unit tests were found")


def called_names(function):
    """What a function calls, by the last word: helper(), module.helper(), self.helper()."""
    for node in ast.walk(function):
        if isinstance(node, ast.Call):
            called = node.func
            yield called.attr if isinstance(called, ast.Attribute) else getattr(called, "id", "")


def asserts_itself(function):
    return any(isinstance(node, ast.Assert) for node in ast.walk(function)) or \
        {"raises", "fail", "AssertionError", "validate"} & set(called_names(function))


def check_python_tests_assert(fail):
    trees = {path: ast.parse(read(path)) for path in (ROOT / "tests/e2e").rglob("*.py") if "node_modules" not in path.parts}
    functions = [node for tree in trees.values() for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
    good = {function.name for function in functions if asserts_itself(function)}
    while more := {f.name for f in functions if f.name not in good and good & set(called_names(f))}:
        good |= more
    count = 0
    for path, tree in sorted(trees.items()):
        for test in (node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")):
            count += 1
            if not asserts_itself(test) and not good & set(called_names(test)):
                fail(f"{path.relative_to(ROOT)}: {test.name} asserts nothing")
    if count < 100:
        fail(f"only {count} end-to-end tests were found")


def check_headers_are_used(fail):
    everything = {p: includes(p) for p in sources("runner", "reporters", "include", "tests")}
    for path in sources("runner", "reporters", "include", suffixes=(".h",)):
        users = [p for p, found in everything.items() if p != path and any(i.endswith(path.name) for i in found)]
        if not [p for p in users if p.stem != path.stem]:
            fail(f"{path.relative_to(ROOT)} is included by nobody but its own source")


def check_map(fail):
    text = read(ROOT / "README.md") if (ROOT / "README.md").exists() else ""
    for name, (folder, rank, _) in rooms().items():
        if not re.search(rf"^\s*(runner/)?{name}/", text, re.M) and f"{folder}/" not in text:
            fail(f"the README's map does not name the room {folder}/")


def check_enum_switches(fail):
    """A machine's handlers answer every input: no default in the rooms of machines."""
    for path in sources("runner/run", "runner/accounts", "runner/stacks", suffixes=(".c",)):
        for i, line in enumerate(strip_comments(read(path)).split("\n"), 1):
            if re.match(r"\s*default\s*:", line):
                fail(f"{path.relative_to(ROOT)}:{i}: a default hides a case that nobody thought of")


def check_driver_decides_nothing(fail):
    text = strip_comments(read(ROOT / "runner/host/driver.c"))
    for word in (r"OUTCOME_", r"retries", r"\blane_(?!count\b)", r"suite->", r"stack_decide", r"CUT_"):
        if re.search(word, text):
            fail(f"driver.c speaks of {word}: that line belongs above the wall")


def main():
    failed = passed = 0
    for name, check in sorted(globals().items()):
        if not name.startswith("check_"):
            continue
        problems = []
        check(problems.append)
        failed += bool(problems)
        passed += not problems
        for problem in problems:
            print(f"{name.removeprefix('check_')}: {problem}")
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
