"""Signatures and certificates that prove nothing: wrong, replayed, old, early, somebody else's."""

from __future__ import annotations

import asyncio
import base64
import hmac
import json
import ssl
import time
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from agents.certs.folder import CA, SERVER, file_of
from streams.signing import secret_bytes, signed_headers
from tests.abuse.raw import request, tell
from tests.abuse.world import OTHER_SIGNER, World
from tests.unit.collecting import KEY, LEAST, SECRET, SIGNER

pytestmark = pytest.mark.stack

BODY = json.dumps(LEAST).encode()
BAD, STALE = (401, "bad_signature"), (401, "stale_timestamp")


def mac(message: bytes, kind: str = "sha256") -> str:
    return base64.b64encode(hmac.digest(secret_bytes(SECRET), message, kind)).decode()


def labelled(label: str, kind: str = "sha256") -> dict[str, str]:
    now = str(int(time.time()))
    message = b"m.%b.%b" % (now.encode(), BODY)
    return {"webhook-id": "m", "webhook-timestamp": now, "webhook-signature": label + mac(message, kind)}


def signed(from_now_s: float = 0, body: bytes = BODY, **changed: str) -> dict[str, str]:
    own = signed_headers([SECRET], "m", int(time.time() + from_now_s), body)
    return own | {name.replace("_", "-"): value for name, value in changed.items()}


FORGED: dict[str, tuple[Callable[[], dict[str, str]], tuple[int, str]]] = {
    "none": (dict, (401, "bad_signature")),
    "of another body": (lambda: signed(body=b"{}"), BAD),
    "of another id": (lambda: signed(webhook_id="n"), BAD),
    "of another time": (lambda: signed(webhook_timestamp=str(int(time.time()) + 1)), BAD),
    "old": (lambda: signed(-301), STALE),
    "early": (lambda: signed(302), STALE),
    "of the year 33658": (lambda: signed(webhook_timestamp="999999999999"), BAD),
    "at no time": (lambda: signed(webhook_timestamp="now"), BAD),
    "another version": (lambda: labelled("v2,"), BAD),
    "asymmetric": (lambda: labelled("v1a,"), BAD),
    "in capitals": (lambda: labelled("V1,"), BAD),
    "without a version": (lambda: labelled(""), BAD),
    "SHA-1": (lambda: labelled("v1,", "sha1"), BAD),
    "SHA-512": (lambda: labelled("v1,", "sha512"), BAD),
    "empty": (lambda: signed(webhook_signature="v1,"), BAD),
    "behind ten wrong ones": (
        lambda: signed(webhook_signature="v1,A " * 10 + signed()["webhook-signature"]),
        BAD,
    ),
    "half": (lambda: signed(webhook_signature=signed()["webhook-signature"][:-4]), BAD),
    "with more": (lambda: signed(webhook_signature=signed()["webhook-signature"] + "AAAA"), BAD),
}


@pytest.mark.parametrize("case", FORGED)
async def test_a_forged_signature_is_refused(world: World, case: str) -> None:
    make, answer = FORGED[case]
    got = await send(world, make())
    assert (got.status_code, got.json()["error"]["code"]) == answer


async def send(world: World, headers: dict[str, str], key: str = SIGNER) -> httpx.Response:
    own = {"X-Capi-Key": key, "Content-Type": "application/json"} | headers
    async with httpx.AsyncClient(timeout=20, verify=False) as client:
        return await client.post(f"{world.doors['plain'].url}/v1/events", content=BODY, headers=own)


async def test_a_signature_is_good_for_its_own_key_only(world: World) -> None:
    """What one tenant signed, sent under the key of another, or under a key that pages know."""
    assert (await send(world, signed())).status_code == 200
    for key, code in ((OTHER_SIGNER, "bad_signature"), ("sk_nobody", "unknown_key"), (KEY, "unknown_key")):
        got = await send(world, signed(), key)
        assert (got.status_code, got.json()["error"]["code"]) == (401, code) or key == KEY
        assert got.status_code in (401, 403)


async def test_a_replayed_request_makes_the_same_events_again(world: World) -> None:
    """To the byte the same, within its time: the ids are the same, so it counts once."""
    headers = signed()
    first, second = await send(world, headers), await send(world, headers)
    assert first.json()["events"] == second.json()["events"]
    other = await send(world, signed_headers([SECRET], "m2", int(time.time()), BODY))
    assert other.json()["events"] != first.json()["events"]


async def test_a_secret_key_in_the_body_of_a_page_is_none(world: World) -> None:
    body = json.dumps({"key": SIGNER, "events": [LEAST]}).encode()
    async with httpx.AsyncClient(timeout=20, verify=False) as client:
        got = await client.post(
            f"{world.doors['plain'].url}/v1/events", content=body, headers={"Content-Type": "application/json"}
        )
    assert (got.status_code, got.json()["error"]["code"]) == (401, "not_signed")


# -- certificates


def context(world: World, cert: str = "", ca: str = CA, **versions: ssl.TLSVersion) -> ssl.SSLContext:
    made = ssl.create_default_context(cafile=str(world.folder / ca))
    for name, version in versions.items():
        setattr(made, name, version)
    if cert:
        made.load_cert_chain(str(world.folder / cert))
    return made


async def greet(world: World, own: ssl.SSLContext, site: str = "berlin") -> tuple[int, str]:
    headers = {"X-Capi-Site": site} | signed_headers([SECRET], "m", int(time.time()), b"")
    async with httpx.AsyncClient(verify=own, timeout=20) as client:
        got = await client.get(f"{world.doors['tls'].url}/v1/batches", headers=headers)
    return got.status_code, got.json().get("error", {}).get("code", "")


async def test_the_right_certificate_is_let_in(world: World) -> None:
    assert await greet(world, context(world, file_of("berlin"))) == (200, "")


@pytest.mark.parametrize(
    "cert", ["expired.pem", f"foreign/{file_of('berlin')}", SERVER], ids=["expired", "another CA's", "a server's"]
)
async def test_a_certificate_that_proves_nothing_does_not_get_in(world: World, cert: str) -> None:
    with pytest.raises(httpx.TransportError):
        await greet(world, context(world, cert))


@pytest.mark.parametrize(
    ("cert", "site", "code"),
    [
        ("", "berlin", "no_certificate"),
        (file_of("bern"), "berlin", "wrong_certificate"),
        (file_of("berlin"), "bern", "wrong_certificate"),
        (file_of("berlin"), "nobody", "unknown_site"),
    ],
)
async def test_a_certificate_is_good_for_its_own_site_only(world: World, cert: str, site: str, code: str) -> None:
    assert await greet(world, context(world, cert), site) == (401, code)


async def test_a_site_refuses_a_centre_with_another_ca_s_certificate(world: World) -> None:
    with pytest.raises(httpx.ConnectError, match="CERTIFICATE_VERIFY_FAILED"):
        await greet(world, context(world, ca=f"foreign/{CA}"))


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1, ssl.TLSVersion.TLSv1_2])
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
async def test_old_tls_is_refused_by_the_server(world: World, version: ssl.TLSVersion) -> None:
    """The client would: all ciphers, of every strength."""
    own = context(world, file_of("berlin"), minimum_version=version, maximum_version=version)
    own.set_ciphers("ALL:@SECLEVEL=0")
    with pytest.raises((ssl.SSLError, ConnectionError)) as refused:
        await asyncio.open_connection("127.0.0.1", world.doors["tls"].port, ssl=own, server_hostname="localhost")
    assert "NO_PROTOCOLS_AVAILABLE" not in str(refused.value), "this client cannot speak it"


async def test_plain_http_at_the_tls_door_and_tls_at_the_plain_one_are_nothing(
    world: World, tmp_path: Path
) -> None:
    plain = world.doors["tls"]._replace(tls=None)
    told = await tell(plain, request("GET", "/v1/id"))
    assert told.ended and not told.statuses
    hello = bytes.fromhex("16030100c8010000c40303") + bytes(200)
    told = await tell(world.doors["plain"], hello)
    assert told.statuses == [400] and told.ended
