"""python -m emulator.organization --endpoint URL --accounts 200 --ou itrun-pool

Makes an organization with one organizational unit and N member accounts in it,
through the public API, and prints the ids as JSON. What exists is kept: a second
call adds only what is missing.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from .identities import ROOT_ACCESS_KEY, ROOT_SECRET


def organizations_client(endpoint: str) -> Any:
    return boto3.client(
        "organizations", endpoint_url=endpoint, region_name="us-east-1",
        aws_access_key_id=os.environ.get("AWS_ACCESS_KEY_ID", ROOT_ACCESS_KEY),
        aws_secret_access_key=os.environ.get("AWS_SECRET_ACCESS_KEY", ROOT_SECRET),
        aws_session_token=os.environ.get("AWS_SESSION_TOKEN"),
        config=Config(retries={"total_max_attempts": 3}, max_pool_connections=8),
    )


def ensure_organization(client: Any) -> str:
    try:
        client.create_organization(FeatureSet="ALL")
    except client.exceptions.AlreadyInOrganizationException:
        pass
    except ClientError as problem:
        if "already" not in str(problem).lower():
            raise
    return client.list_roots()["Roots"][0]["Id"]


def ensure_unit(client: Any, root: str, name: str) -> str:
    pages = client.get_paginator("list_organizational_units_for_parent").paginate(ParentId=root)
    for page in pages:
        for unit in page["OrganizationalUnits"]:
            if unit["Name"] == name:
                return unit["Id"]
    return client.create_organizational_unit(ParentId=root, Name=name)["OrganizationalUnit"]["Id"]


def members(client: Any, unit: str) -> dict[str, str]:
    pages = client.get_paginator("list_accounts_for_parent").paginate(ParentId=unit)
    return {account["Name"]: account["Id"] for page in pages for account in page["Accounts"]}


def make_organization(endpoint: str, accounts: int, unit_name: str, prefix: str, role: str) -> dict:
    client = organizations_client(endpoint)
    root = ensure_organization(client)
    unit = ensure_unit(client, root, unit_name)
    existing = members(client, unit)
    names = [f"{prefix}-{number:03d}" for number in range(1, accounts + 1)]

    def make(name: str) -> str:
        made = client.create_account(Email=f"{name}@example.com", AccountName=name, RoleName=role)
        account = made["CreateAccountStatus"]["AccountId"]
        client.move_account(AccountId=account, SourceParentId=root, DestinationParentId=unit)
        return account

    missing = [name for name in names if name not in existing]
    with ThreadPoolExecutor(4) as pool:
        made = pool.map(make, missing)
        ids = existing | {name: account for name, account in zip(missing, made, strict=True)}
    organization = client.describe_organization()["Organization"]
    return {
        "organization": organization["Id"],
        "management_account": organization["MasterAccountId"],
        "root": root,
        "organizational_unit": {"id": unit, "name": unit_name},
        "role": role,
        "accounts": [{"name": name, "id": ids[name]} for name in names],
    }


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m emulator.organization", description=__doc__)
    parser.add_argument("--endpoint", default=os.environ.get("AWS_ENDPOINT_URL"), help="URL of the AWS")
    parser.add_argument("--accounts", type=int, default=200)
    parser.add_argument("--ou", default="itrun-pool", help="name of the organizational unit")
    parser.add_argument("--prefix", default="itrun", help="account names are PREFIX-001, …")
    parser.add_argument("--role", default="itrun-runner")
    arguments = parser.parse_args()
    if not arguments.endpoint:
        parser.error("--endpoint or AWS_ENDPOINT_URL is needed")
    try:
        made = make_organization(arguments.endpoint, arguments.accounts, arguments.ou, arguments.prefix,
                                 arguments.role)
    except (BotoCoreError, ClientError) as problem:
        print(f"organization: {problem}", file=sys.stderr)
        return 1
    json.dump(made, sys.stdout, indent=1)
    print()
    return 0


if __name__ == "__main__":
    sys.exit(main())
