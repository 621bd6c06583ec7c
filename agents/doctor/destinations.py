"""Checks of each destination in the tenants file: its secrets can be read now, and no test code was forgotten."""

from __future__ import annotations

from collections.abc import Iterator

from agents.doctor.check import Check, failed, ok, warning
from streams.tenants import Destination, Tenants, TenantsError


def check_destinations(tenants: Tenants, now_ms: int) -> Iterator[Check]:
    for name, tenant in tenants.tenants.items():
        if not tenant.destinations:
            yield warning(f"tenant {name}", "no destinations", "add [[tenants.NAME.destinations]]: nothing leaves")
        for destination in tenant.destinations:
            about = f"{name}/{destination.platform}/{destination.pixel_id}"
            yield check_token(f"token {about}", destination)
            if destination.app_secret:
                yield check_app_secret(f"app secret {about}", destination)
            if destination.test_event_code:
                yield check_test_code(f"test code {about}", destination, now_ms)


def check_token(name: str, destination: Destination) -> Check:
    todo = f"put the pixel's access token where the tenants file says: {destination.token}"
    try:
        token = destination.read_token()
    except TenantsError:
        return failed(name, "cannot be read", todo)
    return ok(name, destination.token) if token else failed(name, "is empty", todo)


def check_app_secret(name: str, destination: Destination) -> Check:
    todo = f"put the app's secret where the tenants file says: {destination.app_secret}"
    try:
        secret = destination.read_app_secret()
    except TenantsError:
        return failed(name, "cannot be read", todo)
    return ok(name, destination.app_secret or "") if secret else failed(name, "is empty", todo)


def check_test_code(name: str, destination: Destination, now_ms: int) -> Check:
    todo = "when the test is over, take test_event_code and test_until out of the tenants file"
    if destination.test_code(now_ms):
        return warning(name, f"every event is sent as a test event until {destination.test_until}", todo)
    return warning(name, f"ended {destination.test_until}; events go without it", todo)
