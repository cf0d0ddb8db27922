"""One emulated AWS a module; every test gets accounts of its own in it, so that none sees another's stacks."""

from __future__ import annotations

import itertools

import pytest
from emulator.process import Emulator

from bed import AwsProject

NUMBERS = itertools.count(310000000001)


@pytest.fixture(scope="module")
def emulator():
    with Emulator(start_timeout_s=180) as running:  # a busy machine takes its time to import moto
        yield running


@pytest.fixture
def cloud(emulator):
    """The emulated AWS without faults, and after the test without this one's."""
    yield emulator
    emulator.post("/faults/clear")
    emulator.post("/settings", {"in_progress_polls": 0, "change_set_polls": 0, "clock_offset_s": 0})


@pytest.fixture
def accounts():
    """accounts(3): three account numbers that no other test uses."""
    return lambda count: [str(next(NUMBERS)) for _ in range(count)]


@pytest.fixture
def aws_project(cloud, accounts, tmp_path):
    """aws_project(suites, …): a project over accounts of the emulator. Projects of one test share accounts.store."""

    def make(suites, stacks=(), files=None, count=1, ids=None, name="project", lease=None, **accounts_keys):
        return AwsProject(tmp_path / name, cloud, suites, stacks, files, ids or accounts(count), lease,
                          state=tmp_path / "state", **accounts_keys)

    return make
