"""The provider organizations: its accounts, what they cost to list, and shards that take all of them."""

from __future__ import annotations

import pytest
from emulator.organization import make_organization

from bed import NOTE

UNIT = "itrun-small-pool"


@pytest.fixture
def organization(cloud):
    """Three member accounts in a unit of their own."""
    made = make_organization(cloud.url, 3, UNIT, "member", "itrun-runner")
    return [account["id"] for account in made["accounts"]]


def suites(count: int) -> list[dict]:
    return [{"name": f"suite-{number}", "command": "./note.sh"} for number in range(count)]


def test_every_request_of_the_invocation_is_counted_the_listing_of_accounts_too(aws_project, cloud, organization):
    project = aws_project(suites(2), ids=organization, files={"note.sh": NOTE}, provider="organizations", list=None,
                          organizational_unit=UNIT)
    before = cloud.last_call()
    result = project.run()
    assert result.code == 0, result.stderr
    own = [call for call in cloud.calls(before) if call["agent"].startswith("itrun/")]
    listing = [call for call in own if call["service"] == "organizations"]
    assert len(listing) >= 3
    assert result.summary["aws_requests"] == len(own)


def test_every_account_of_the_unit_is_used(aws_project, organization):
    project = aws_project(suites(5), ids=organization, files={"note.sh": NOTE}, provider="organizations", list=None,
                          organizational_unit=UNIT)
    result = project.run("--shards", "3")
    assert result.code == 0, result.stderr
    assert {account for what, _, account, _ in project.notes() if what == "end"} == set(organization)
