"""Import what the first calls would import, before anyone measures them.

moto loads a service on its first call: a second or two for CloudFormation.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

SERVICES = ("sts", "iam", "cloudformation", "organizations", "dynamodb", "s3", "sqs", "sns", "ssm",
            "events", "logs")


def remember() -> None:
    """Let moto compute once what it computes anew for each call, at half of the call's price."""
    from moto import backends
    from moto.core import responses

    modules = frozenset(backends.list_of_moto_modules())
    backends.list_of_moto_modules = lambda: modules
    responses.method_names_from_class = lru_cache(None)(responses.method_names_from_class)
    responses.camelcase_to_underscores = lru_cache(None)(responses.camelcase_to_underscores)


def warm_up(application: Any) -> None:
    from moto.cloudformation import parsing  # noqa: F401  (imports every service with resources)
    from moto.core.utils import get_service_model

    for service in SERVICES:
        host = f"https://{service}.eu-west-1.amazonaws.com"
        backend = application.moto.get_backend_for_host(host.removeprefix("https://"))
        with application.moto.lock:
            if backend and backend not in application.moto.app_instances:
                application.moto.app_instances[backend] = application.moto.create_app(backend)
        get_service_model(service)
