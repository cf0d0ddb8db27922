"""The first hour: four repositories of different kinds, each from nothing to its first green run by `itrun init`.

What ran is read from what the tests themselves wrote. The time from the first command to the first green run is
printed (pytest -s), and asked to stay below the ten minutes that a newcomer gives a tool."""

from __future__ import annotations

import json
import os
import time

import pytest
import yaml
from emulator.organization import make_organization

from bed import ROOT, TEMPLATES, Project, AwsProject

PYTHON = {
    "tests/test_cart.py": """import os, pathlib
def test_add():
    pathlib.Path(os.environ["WITNESS"]).open("a").write("cart\\n")
def test_total():
    assert 1 + 1 == 2
""",
    "tests/sub/test_orders.py": """import os, pathlib
def test_order():
    pathlib.Path(os.environ["WITNESS"]).open("a").write("orders\\n")
""",
}
JAVASCRIPT = {
    "package.json": json.dumps({"name": "web", "devDependencies": {"mocha": "^11"}}),
    "test/cart.spec.js": "const fs = require('fs');\ndescribe('cart', () => { it('adds', () => fs.appendFileSync("
                         "process.env.WITNESS, 'cart\\n')); });\n",
    "test/orders.spec.js": "const fs = require('fs');\nit('orders', () => fs.appendFileSync(process.env.WITNESS, 'orders\\n'));\n",
}
GO = {
    "go.mod": "module example.org/shop\n\ngo 1.19\n",
    "cart/cart_test.go": """package cart
import ("os"; "testing")
func TestAdd(t *testing.T) {
    f, err := os.OpenFile(os.Getenv("WITNESS"), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
    if err != nil { t.Fatal(err) }
    f.WriteString("cart\\n")
}
""",
    "orders/orders_test.go": """package orders
import ("os"; "testing")
func TestOrder(t *testing.T) {
    f, err := os.OpenFile(os.Getenv("WITNESS"), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
    if err != nil { t.Fatal(err) }
    f.WriteString("orders\\n")
}
""",
}
CLOUD = {
    **{name: TEMPLATES[name] for name in ("stacks/data.yaml", "stacks/orders.yaml")},
    "tests/test_orders.py": """import json, os, pathlib
import boto3
def test_the_label_is_the_deployed_one():
    outputs = json.loads(pathlib.Path(os.environ["ITRUN_OUTPUTS"]).read_text())
    stored = boto3.client("ssm").get_parameter(Name="/orders/label")["Parameter"]["Value"]
    assert stored == outputs["data"]["TopicArn"]
    account = boto3.client("sts").get_caller_identity()["Account"]
    pathlib.Path(os.environ["WITNESS"]).open("a").write(account + "\\n")
""",
}


def first_green(project: Project, began_s: float, *arguments: str):
    result = project.run(*arguments, WITNESS=str(project.root / "witness"), timeout_s=300)
    assert result.code == 0, result.stderr
    took_s = time.monotonic() - began_s
    print(f"\nfirst green run of {project.root.name}: {took_s:.1f} s")
    assert took_s < 600
    return sorted((project.root / "witness").read_text().split())


@pytest.mark.parametrize("name, files, framework", [
    ("python", PYTHON, "pytest"), ("javascript", JAVASCRIPT, "mocha"), ("go", GO, "go")])
def test_a_repository_without_aws_is_green_by_two_commands(tmp_path, name, files, framework):
    project = Project(tmp_path / name, "", files)
    (project.root / "itrun.yaml").unlink()
    if name == "javascript":
        os.symlink(ROOT / "fixtures/storefront/node_modules", project.root / "node_modules")
    began_s = time.monotonic()
    written = project.run("init")
    assert written.code == 0, written.stderr
    assert "itrun list suites" in written.stdout
    assert [group["framework"] for group in yaml.safe_load((project.root / "itrun.yaml").read_text())["suites"]] == [framework]
    assert first_green(project, began_s) == ["cart", "orders"]


def test_a_repository_with_templates_is_green_in_an_account_of_the_pool(cloud, tmp_path):
    made = make_organization(cloud.url, 2, "itrun-pool", "member", "itrun-runner")
    project = AwsProject(tmp_path / "cloud", cloud, [], [], CLOUD, [account["id"] for account in made["accounts"]], None,
                         state=tmp_path / "state")
    (project.root / "itrun.yaml").unlink()
    for unused in ("stacks/shop.yaml", "stacks/aside.yaml", "stacks/lone.yaml", "note.sh"):
        (project.root / unused).unlink()
    began_s = time.monotonic()
    written = project.run("init", AWS_REGION="eu-west-1")
    assert written.code == 0, written.stderr
    assert "itrun doctor" in written.stdout
    before = cloud.last_call()
    (account,) = first_green(project, began_s)
    assert account in project.ids
    created = [call["account"] for call in cloud.calls(before) if call["operation"] == "CreateStack"]
    assert created == [account, account]


def test_init_never_overwrites_what_is_there(tmp_path):
    project = Project(tmp_path / "p", "version: 1\nproject: mine\nsuites: [{name: a, command: 'true'}]\n")
    before = (project.root / "itrun.yaml").read_text()
    refused = project.run("init")
    assert refused.code == 2
    assert "is there already" in refused.stderr and "--force" in refused.stderr
    assert (project.root / "itrun.yaml").read_text() == before
    assert project.run("init", "--force").code == 0
    assert "Written by itrun init" in (project.root / "itrun.yaml").read_text()


def test_init_where_nothing_can_be_written_says_so(tmp_path):
    project = Project(tmp_path / "p", "")
    refused = project.run("init", "-c", "absent/itrun.yaml")
    assert refused.code in (2, 5)
    assert "absent" in refused.stderr
