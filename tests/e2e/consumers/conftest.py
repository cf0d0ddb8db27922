from __future__ import annotations

import pytest

from mixed_run import MixedRun


@pytest.fixture(scope="session")
def mixed(tmp_path_factory):
    return MixedRun(tmp_path_factory.mktemp("mixed") / "project")
