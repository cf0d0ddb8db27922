"""go test, ctest and Criterion, the real ones: counted by what they say themselves and by what their tests noted."""

from __future__ import annotations

import json
import re
import shutil
import subprocess

import pytest

from native import Shop, assert_each_command_runs_its_case_alone


@pytest.fixture
def shop(tmp_path):
    def make(name: str, *commands: list[str]) -> Shop:
        made = Shop(tmp_path / "shop", name)
        for command in commands:
            made.build(*command)
        return made

    return make


def without(shop: Shop, program: str, tmp_path) -> str:
    """A PATH in which a program is not: each directory that has it is replaced by links to all else in it."""
    directories = []
    for number, directory in enumerate(shop.environment["PATH"].split(":")):
        if not shutil.which(program, path=directory):
            directories.append(directory)
            continue
        links = tmp_path / f"path{number}"
        subprocess.run(["cp", "-rs", f"{directory}/.", str(links)], check=False, capture_output=True)
        (links / program).unlink()
        directories.append(str(links))
    return ":".join(directories)


# --- go ---------------------------------------------------------------------------------------------------


def leaves_of(text: str) -> dict[str, str]:
    """Test -> PASS|FAIL|SKIP, of `go test -v`, without the tests that only hold subtests."""
    ended = {name: end for end, name in re.findall(r"--- (PASS|FAIL|SKIP): (\S+) \(", text)}
    return {name: end for name, end in ended.items() if not any(other.startswith(name + "/") for other in ended)}


GO_CART = {"TestTotal": "passed", "TestDiscount": "failure", "TestTable/one_price": "passed",
           "TestTable/it's_(1+2)_[x]_$HOME": "failure", "TestTable/größer/als_€": "failure",
           "TestTable/one_price#01": "failure", "TestOnlyOnFridays": "skipped", "TestTotalOfNothing": "passed"}


def test_go_counts_what_go_counts(shop):
    cart = shop("go")
    result = cart.run("run", "go/cart")
    assert result.code == 1, result.stderr
    assert cart.statuses(result) == GO_CART
    said = subprocess.run(["go", "test", "-v", "-count=1", "./cart"], cwd=cart.root, env=cart.environment,
                          capture_output=True, text=True, timeout=60)
    words = {"PASS": "passed", "FAIL": "failure", "SKIP": "skipped"}
    assert {name: words[end] for name, end in leaves_of(said.stdout).items()} == GO_CART
    discount = cart.failures(result)["TestDiscount"]
    assert discount["message"] == "got 30, want 27" and discount["classname"] == "example.com/shop/cart"


def test_go_s_output_reads_as_go_prints_it(shop):
    cart = shop("go")
    result = cart.run("run", "go/cart")
    log = (result.folder / "suites/go/cart/1/output.log").read_text()
    assert "cart_test.go:17: got 30, want 27\n        of a \"quoted\" line\n--- FAIL: TestDiscount" in log
    assert "printed <without> a newline" in log and "{" not in log


def test_go_each_failure_s_command_runs_its_case_alone(shop):
    cart = shop("go")
    result = cart.run("run", "go/cart")
    assert_each_command_runs_its_case_alone(
        cart, result, {name: name for name, status in GO_CART.items() if status == "failure"})


def test_go_each_package_is_a_suite_and_each_way_to_break_is_told(shop):
    cart = shop("go")
    result = cart.run("--shards", "2")
    assert result.code == 1, result.stderr
    assert result.outcomes() == {f"go/{name}": "failed" for name in ("broken", "cart", "exits", "panics")}
    found = {(suite, case): status for suite, case, status in result.cases if suite != "go/cart"}
    assert found == {("go/broken", "(build)"): "error", ("go/exits", "TestBefore"): "passed",
                     ("go/exits", "TestLeaves"): "error", ("go/panics", "TestBefore"): "passed",
                     ("go/panics", "TestMap/write"): "failure"}
    failures = cart.failures(result)
    assert "undefined: undeclared" in failures["(build)"]["message"]
    assert "--test" not in failures["(build)"]["repro"]
    assert "panic: assignment to entry in nil map" in failures["TestMap/write"]["message"]


def test_go_all_packages_in_one_suite(shop):
    cart = shop("go")
    cart.write({"itrun.yaml": "version: 1\nproject: shop\nsuites:\n  - name: all\n    framework: go\n    command: go test ./...\n",
                "cart/root_test.go": "package cart\n\nimport \"testing\"\n\nfunc TestMap(t *testing.T) { t.Error(\"namesake\") }\n"})
    result = cart.run()
    assert (result.code, result.outcomes()) == (1, {"all": "failed"}), result.stderr
    assert {"(build)", "TestLeaves", "TestMap/write", "TestMap", "TestDiscount"} <= set(cart.failures(result))
    again = cart.paste(cart.failures(result)["TestMap"]["repro"])
    assert [(f["classname"], f["test"]) for f in again.summary["failures"]] == [("example.com/shop/cart", "TestMap")]


def test_go_a_timeout_names_the_test_that_ran(shop):
    cart = shop("go")
    cart.write({"waits/waits_test.go": 'package waits\n\nimport (\n\t"testing"\n\t"time"\n)\n\nfunc TestBefore(t *testing.T) {}\n'
                                       "func TestWaits(t *testing.T)  { time.Sleep(time.Hour) }\n"})
    cart.build("go", "vet", "./waits")  # compiled before the clock runs
    result = cart.run("run", "go/waits", "--suite-timeout", "8s")
    assert result.outcomes() == {"go/waits": "timeout"}
    statuses = cart.statuses(result)
    assert statuses["TestBefore"] == "passed" and statuses["TestWaits"] == "error"


def test_go_a_package_whose_tests_are_left_out_by_a_tag_is_no_green(shop):
    cart = shop("go")
    cart.write({"tagged/tagged_test.go": '//go:build integration\n\npackage tagged\n\nimport "testing"\n\n'
                                         "func TestIt(t *testing.T) {}\n"})
    result = cart.run("run", "go/tagged")
    assert result.code == 1
    assert "build constraints exclude all Go files" in result.stderr
    cart.write({"tagged/tagged.go": "package tagged\n"})  # now it builds, and holds no test
    result = cart.run("run", "go/tagged")
    assert (result.code, result.outcomes()) == (1, {"go/tagged": "error"})
    assert "holds no test case" in result.stderr
    config = (cart.root / "itrun.yaml").read_text()
    cart.write({"itrun.yaml": config + "    command: go test -tags integration\n"})
    result = cart.run("run", "go/tagged")
    assert (result.code, cart.statuses(result)) == (0, {"TestIt": "passed"}), result.stderr


def test_go_that_is_not_installed_is_named_with_how_to_install_it(shop, tmp_path):
    cart = shop("go")
    result = cart.run("run", "go/cart", PATH=without(cart, "go", tmp_path))
    assert result.outcomes() == {"go/cart": "error"}
    assert "go is not installed: apt install golang-go" in result.stderr


# --- ctest --------------------------------------------------------------------------------------------------

CTEST = {"total": "passed", "total_of_nothing": "passed", "discount": "failure", "it's (1+2) [x] ü": "failure",
         "crashes": "failure", "slow": "failure", "off": "skipped", "skips": "skipped", "missing": "error"}
CONFIGURE = ["cmake", "-S", ".", "-B", "build"]


def test_ctest_counts_what_ctest_lists(shop):
    native = shop("ctest", CONFIGURE)
    result = native.run()
    assert result.code == 1, result.stderr
    assert native.statuses(result) == CTEST
    listed = subprocess.run(["ctest", "--show-only=json-v1"], cwd=native.root / "build", capture_output=True, text=True)
    assert {test["name"] for test in json.loads(listed.stdout)["tests"]} == set(CTEST)
    assert native.failures(result)["discount"]["message"] == "expected 27, got 30]]>"
    assert sorted(native.ledger) == sorted(set(CTEST) - {"off", "missing"})


def test_ctest_each_failure_s_command_runs_its_case_alone(shop):
    native = shop("ctest", CONFIGURE)
    result = native.run()
    failing = [name for name, status in CTEST.items() if status == "failure"]
    assert_each_command_runs_its_case_alone(native, result, {name: name for name in failing})


def test_ctest_in_a_directory_without_tests_is_no_green(shop):
    native = shop("ctest", ["mkdir", "build"])
    result = native.run()
    assert (result.code, result.outcomes()) == (1, {"native": "error"})
    assert "the suite holds no test case" in result.stderr


def test_ctest_that_is_not_installed_is_named_with_how_to_install_it(shop, tmp_path):
    native = shop("ctest", CONFIGURE)
    result = native.run(PATH=without(native, "ctest", tmp_path))
    assert result.outcomes() == {"native": "error"}
    assert "ctest is not installed: apt install cmake" in result.stderr


# --- Criterion ------------------------------------------------------------------------------------------------

CRITERION = {"cart/total": "passed", "cart/discount": "failure", "cart/crashes": "error", "cart/exits": "failure",
             "cart/waits": "error", "cart/skipped": "skipped", "cart/off": "skipped", "orders/total": "passed"}
COMPILE = [["mkdir", "build"], ["cc", "shop.c", "-o", "build/shop", "-lcriterion"]]


def test_criterion_counts_what_the_program_lists(shop):
    unit = shop("criterion", *COMPILE)
    result = unit.run()
    assert result.code == 1, result.stderr
    cases = [(name, status) for _, name, status in result.cases]
    assert sorted(cases) == sorted((name.split("/")[1], status) for name, status in CRITERION.items())
    listed = subprocess.run([unit.root / "build/shop", "--list"], capture_output=True, text=True)
    assert sum("──" in line or "--" in line for line in listed.stdout.splitlines()) == len(CRITERION), listed.stdout
    discount = unit.failures(result)["discount"]
    assert discount["message"].startswith('thirty is ]]> "not" <27> & ') and discount["classname"] == "cart"
    assert sorted(unit.ledger) == sorted(set(CRITERION) - {"cart/off"})


def test_criterion_each_failure_s_command_runs_its_case_alone(shop):
    unit = shop("criterion", *COMPILE)
    result = unit.run()
    assert_each_command_runs_its_case_alone(
        unit, result, {name: f"cart/{name}" for name in ("discount", "crashes", "exits", "waits")})


def test_criterion_a_filter_that_matches_nothing_is_no_green(shop):
    unit = shop("criterion", *COMPILE)
    result = unit.run("--test", "cart::nothing")
    assert result.code == 4, result.stderr
    assert unit.ledger == []
    unit.write({"itrun.yaml": (unit.root / "itrun.yaml").read_text().replace("build/shop", "build/shop --filter 'no/no'")})
    result = unit.run()
    assert result.code == 0 and result.outcomes() == {"unit": "skipped"}


def test_criterion_a_program_that_was_not_built_is_an_error(shop):
    unit = shop("criterion")
    result = unit.run()
    assert (result.code, result.outcomes()) == (1, {"unit": "error"})
    assert "build/shop" in result.stderr
