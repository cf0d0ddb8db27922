"""The story, told once for all tests of this folder."""

from __future__ import annotations

import pytest
from emulator.process import Emulator

from bed import AwsProject, Project, lone_stack, shop_stacks
from servers import FileServer, Prometheus
from story import FILES, Told, suites, told


@pytest.fixture(scope="package")
def running_aws():
    with Emulator(start_timeout_s=180) as running:
        yield running


@pytest.fixture(scope="package")
def shop(running_aws, tmp_path_factory):
    folder = tmp_path_factory.mktemp("shop")
    stacks = [stack for stack in shop_stacks() if stack["name"] in ("data", "orders")] + [lone_stack()]
    stacks.append({"name": "byhand", "stack_name": "by-hand", "deploy": "./deploy.sh", "inputs": ["deploy.sh"]})
    project = AwsProject(folder / "shop", running_aws, suites(), stacks, FILES, ["310000000801", "310000000802", "310000000803"],
                      None, state=folder / "state")
    project.environment["LEDGER"] = str(project.ledger)  # deploy commands have no `env`
    return project


@pytest.fixture(scope="package")
def cold(shop) -> Told:
    return told(shop, CI="", GITHUB_ACTIONS="true")


@pytest.fixture(scope="package")
def changed(shop, cold) -> Told:
    """Once more, with one stack changed: the others are skipped where they stand."""
    shop.stack("lone")["parameters"] = {"Stage": "b"}
    shop.configure()
    return told(shop)


@pytest.fixture(scope="package")
def green(tmp_path_factory):
    """A run without AWS that passed, of a suite whose duration was predicted."""
    project = Project(tmp_path_factory.mktemp("green") / "green", "version: 1\nproject: green\nsuites:\n  - {name: one, command: 'true'}\n")
    assert project.run().code == 0
    result = project.run()
    assert result.code == 0, result.stderr
    return result


@pytest.fixture(scope="package")
def prometheus(cold: Told, changed: Told, green, shop, tmp_path_factory):
    """A real one that scrapes what the runs left, a job each."""
    folders = {"cold": cold.folder, "changed": changed.folder, "green": green.folder}
    servers = {job: FileServer((folder / "metrics.prom").read_bytes) for job, folder in folders.items()}
    running = Prometheus(tmp_path_factory.mktemp("prometheus"), {job: server.port for job, server in servers.items()},
                         shop.environment)
    for job in servers:
        running.await_scrapes(job)
    yield running
    running.stop()
    for server in servers.values():
        server.stop()
