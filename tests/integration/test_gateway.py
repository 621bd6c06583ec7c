"""The central site's gateway on real RabbitMQ and Redis: who may send, what is answered, and that 202 is true."""

from __future__ import annotations

import asyncio
import gzip
import ssl
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
from redis.asyncio import Redis
from structlog.testing import capture_logs

from agents.certs.folder import file_of
from agents.doctor.gateway import check_gateway
from sinks.gateway import Gateway
from sinks.gateway.tls import client_context
from sinks.rabbit import Message, Publisher
from streams.events import Queued, UserData, decode_job, decode_ledger_input, encode
from streams.settings import Settings
from tests.gateway import Centre, batch, central, certificates, client_site, new_secret, serving_centre
from tests.kafka import eventually
from tests.rabbit import rabbit_settings, take_all
from tests.site import free_port
from tests.valve import valve

pytestmark = [pytest.mark.stack, pytest.mark.timeout(60)]


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    with rabbit_settings(tmp_path_factory.mktemp("base")) as made:
        yield made


@pytest.fixture
async def centre(tmp_path: Path, base: Settings) -> AsyncIterator[Centre]:
    async with serving_centre(tmp_path, central(tmp_path, base)) as running:
        yield running


async def jobs(settings: Settings) -> list[str]:
    """Of all destinations: platform, pixel and event."""
    found = [m for queue in ("meta_queue", "tiktok_queue") for m in await take_all(settings, queue)]
    return [decode_job(message.body).job_id for message in found]


def error(response: httpx.Response) -> tuple[int, str, str]:
    told = response.json()["error"]
    return response.status_code, told["code"], told["field"]


async def test_a_batch_becomes_jobs_once_and_no_other_batch_takes_its_id(centre: Centre) -> None:
    made = batch("one")
    first = await centre.ask(made)
    assert (first.status_code, first.json()) == (
        202,
        {"batch_id": "one", "jobs": 3, "rejected": 0, "repeated": False},
    )
    assert len(await jobs(centre.settings)) == 3
    again = await centre.ask(made)
    assert (again.status_code, again.json()["repeated"]) == (202, True)
    assert error(await centre.ask(batch("one", custom_data={"value": 1}))) == (409, "other_batch", "")
    assert await jobs(centre.settings) == []


async def test_what_a_platform_would_refuse_is_a_reject_of_the_centre(centre: Centre) -> None:
    answer = (await centre.ask(batch("poor", custom_data={}))).json()
    assert (answer["jobs"], answer["rejected"]) == (1, 2)
    assert len(await jobs(centre.settings)) == 1
    assert {(r.topic, r.event_id, r.platform, r.field) for r in centre.kept.rejects} == {
        ("berlin:/v1/batches", "e-poor", "meta", "custom_data.value")
    }


async def test_the_ledger_is_told_what_is_queued(centre: Centre) -> None:
    await centre.ask(batch("told"))
    (told,) = (out for out in centre.kept.records if out.topic == centre.settings.topic("ledger.in"))
    queued = decode_ledger_input(told.value or b"")
    assert isinstance(queued, Queued)
    assert (queued.batch_id, told.key) == ("told", queued.key)
    assert len(await jobs(centre.settings)) == 3
    assert sorted({(made.platform, made.event_id) for made in queued.jobs}) == [
        ("meta", "e-told"),
        ("tiktok", "e-told"),
    ]


async def test_a_batch_is_taken_once_also_when_the_ledger_cannot_be_told(centre: Centre) -> None:
    centre.kept.broken = "Kafka does not answer"
    made = batch("untold")
    assert (await centre.ask(made)).status_code == 202
    assert (await centre.ask(made)).json()["repeated"] is True
    assert len(await jobs(centre.settings)) == 3


async def test_clear_text_of_another_release_is_refused_for_good_and_told_with_the_event(centre: Centre) -> None:
    with capture_logs() as logs:
        answer = await centre.ask(batch("old", user=UserData(em=("ada@example.com",))))
        assert error(answer) == (422, "clear_text", "events[0].event.user.em")
    assert await jobs(centre.settings) == []
    (line,) = (line for line in logs if line["event"] == "a batch is not taken")
    assert (line["log_level"], line["site"], line["batch_id"], line["code"]) == (
        "warning",
        "berlin",
        "old",
        "clear_text",
    )
    assert (line["tenant"], line["session_id"], line["event_id"]) == ("default", "session-1", "e-old")
    assert "ada@" not in str(logs)


async def test_compressed_bytes_are_signed_as_sent(centre: Centre) -> None:
    squeezed = gzip.compress(encode(batch("small")))
    answer = await centre.ask(squeezed, ident="small", content_encoding="gzip")
    assert answer.status_code == 202
    assert error(await centre.ask(squeezed[:-9], ident="small", content_encoding="gzip"))[:2] == (
        400,
        "corrupt_gzip",
    )
    assert len(await jobs(centre.settings)) == 3


async def test_replayed_and_tampered_requests_are_refused(centre: Centre) -> None:
    made = batch("real")
    body = encode(made)
    stamps = centre.signed(body, "real")
    stale = centre.signed(body, "real", time.time() - 301)
    for changed, code, field in (
        ({**stamps, "webhook-id": "other"}, "bad_signature", "webhook-signature"),
        ({**stamps, "webhook-timestamp": str(int(time.time()) + 1)}, "bad_signature", "webhook-signature"),
        ({**stamps, "webhook-signature": "v1,AAAA"}, "bad_signature", "webhook-signature"),
        ({**stamps, "webhook-signature": ""}, "bad_signature", "webhook-signature"),
        (stale, "stale_timestamp", "webhook-timestamp"),
        ({**stamps, "X-Capi-Site": "nobody"}, "unknown_site", "X-Capi-Site"),
    ):
        assert error(await centre.ask(body, **changed)) == (401, code, field)
    tampered = body.replace(b"e-real", b"e-fake")
    assert error(await centre.ask(tampered, **stamps))[1] == "bad_signature"
    assert await jobs(centre.settings) == []
    assert (await centre.ask(body, **stamps)).status_code == 202
    assert len(await jobs(centre.settings)) == 3
    assert (await centre.ask(body, **stamps)).json()["repeated"]  # to the byte the same: it does nothing more
    assert await jobs(centre.settings) == []


async def test_only_batches_of_the_site_s_own_tenants(centre: Centre) -> None:
    foreign = msgspec.structs.replace(batch("foreign"), tenant="other")
    assert error(await centre.ask(foreign)) == (403, "tenant_not_allowed", "tenant")
    hidden = batch("hidden", tenant="other")
    smuggled = msgspec.structs.replace(hidden, tenant="default")
    assert error(await centre.ask(smuggled)) == (422, "mixed_batch", "events[0]")
    assert error(await centre.ask(b'{"batch_id":"b"}')) == (422, "not_a_batch", "")
    assert error(await centre.ask(batch("x" * 65), ident="y"))[1] == "bad_batch_id"
    assert error(await centre.ask(batch("mine"), ident="yours")) == (422, "other_id", "batch_id")
    assert await jobs(centre.settings) == []


async def test_a_site_proves_all_that_its_entry_lists(centre: Centre) -> None:
    own = centre.signed(b"", "hello")
    async with centre.client(cert="") as certless:
        for site, answer in (("berlin", "no_certificate"), ("bern", "no_certificate"), ("vienna", "")):
            got = await certless.get(centre.url, headers={"X-Capi-Site": site} | own)
            assert answer == ("" if got.status_code == 200 else error(got)[1]), site
    async with centre.client(file_of("bern")) as bern:
        assert error(await bern.get(centre.url, headers={"X-Capi-Site": "berlin"} | own))[1] == "wrong_certificate"
        got = await bern.get(centre.url, headers={"X-Capi-Site": "bern"})
        assert got.json() == {"site": "bern", "tenants": ["other"], "ready": True}
    async with centre.client() as berlin:
        assert error(await berlin.get(centre.url, headers={"X-Capi-Site": "berlin"}))[1] == "bad_signature"


async def test_tls_1_2_and_a_certless_client_do_not_even_get_in(tmp_path: Path, base: Settings) -> None:
    async with serving_centre(tmp_path, central(tmp_path, base, tls_client_certs="required")) as strict:
        assert (await strict.ask(batch("in"))).status_code == 202
        async with strict.client(cert="") as certless:
            with pytest.raises(httpx.TransportError):
                await certless.get(strict.url)
        for old in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
            context = ssl.create_default_context(cafile=str(tmp_path / "ca.pem"))
            context.load_cert_chain(str(tmp_path / file_of("berlin")))
            context.maximum_version = old
            async with httpx.AsyncClient(verify=context) as client:
                if old is ssl.TLSVersion.TLSv1_3:  # the same client, allowed to speak 1.3
                    assert (await client.get(strict.url)).status_code == 401
                else:
                    with pytest.raises(httpx.ConnectError):
                        await client.get(strict.url)
        assert len(await jobs(strict.settings)) == 3


async def test_another_ca_takes_over_and_no_connection_is_dropped(centre: Centre, tmp_path: Path) -> None:
    """The connection of before, and one that is made with the files of before, between the new files."""
    assert centre.tls
    stamps = {"X-Capi-Site": "berlin"} | centre.signed(b"", "hello")
    old_cert = str((tmp_path / file_of("berlin")).replace(tmp_path / "old.pem"))
    async with centre.client("old.pem") as up, centre.client("old.pem") as later:
        assert (await up.get(centre.url, headers=stamps)).status_code == 200
        certificates(tmp_path / "new").bootstrap(["localhost"], ["berlin"])
        for file in (tmp_path / "new").iterdir():
            file.replace(tmp_path / file.name)
        server = (tmp_path / "server.pem").replace(tmp_path / "server.away")
        centre.tls.reload()  # incomplete, as if nothing had been said
        assert (await later.get(centre.url, headers=stamps)).status_code == 200
        server.replace(tmp_path / "server.pem")
        centre.tls.reload()
        assert (await up.get(centre.url, headers=stamps)).status_code == 200
        async with centre.client() as new:
            assert (await new.get(centre.url, headers=stamps)).status_code == 200
    async with httpx.AsyncClient(verify=client_context(str(tmp_path / "ca.pem"), old_cert)) as former:
        with pytest.raises(httpx.TransportError):
            await former.get(centre.url, headers=stamps)


async def test_rabbitmq_away_is_503_until_it_is_back(tmp_path: Path, base: Settings) -> None:
    head, _, vhost = base.rabbitmq_url.rpartition("/")
    async with valve(5672) as relay:
        url = f"{head.rpartition(':')[0]}:{relay.port}/{vhost}"
        port = free_port()
        settings = central(tmp_path, base, rabbitmq_url=url, confirm_timeout_s=1, collect_health_port=port)
        async with serving_centre(tmp_path, settings) as centre, httpx.AsyncClient() as client:

            async def ready() -> httpx.Response:
                return await client.get(f"http://127.0.0.1:{port}/readyz")

            assert (await ready()).json() == {"ok": True, "why": []}
            relay.open.clear()
            got = await centre.ask(batch("late"))
            assert error(got)[:2] == (503, "rabbitmq_unavailable")
            assert int(got.headers["Retry-After"]) >= 1

            async def told() -> bool:
                answer = await ready()
                return answer.status_code == 503 and "RabbitMQ" in answer.text

            await eventually(told, 20)
            relay.open.set()

            async def taken() -> bool:
                return (await centre.ask(batch("late"))).status_code == 202

            await eventually(taken, 20)

            async def well() -> bool:
                return (await ready()).status_code == 200

            await eventually(well, 20)
    assert len(set(await jobs(base))) == 3


async def test_without_redis_a_process_remembers_by_itself(tmp_path: Path, base: Settings) -> None:
    settings = central(tmp_path, base, redis_url="redis://127.0.0.1:1/0")
    async with serving_centre(tmp_path, settings) as centre:
        made = batch("again")
        assert [(await centre.ask(made)).json()["repeated"] for _ in range(2)] == [False, True]
    assert len(await jobs(base)) == 3


class Blocked(Publisher):
    """RabbitMQ under an alarm: a publish hangs until it is over."""

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings)
        self.over, self.asked = asyncio.Event(), 0

    @property
    def blocked(self) -> bool:
        return not self.over.is_set()

    async def publish(self, exchange: str, messages: Sequence[Message]) -> None:
        self.asked += 1
        await self.over.wait()
        await super().publish(exchange, messages)


async def test_while_rabbitmq_is_blocked_one_batch_tries_and_the_others_are_told_at_once(
    tmp_path: Path, base: Settings
) -> None:
    settings = central(tmp_path, base)
    publisher = Blocked(settings)
    async with serving_centre(tmp_path, settings, publisher) as centre:
        trying = asyncio.create_task(centre.ask(batch("trying")))
        await eventually(lambda: publisher.asked == 1, 10)
        told = await centre.ask(batch("waits"))
        assert error(told)[:2] == (503, "rabbitmq_blocked")
        assert "Retry-After" in told.headers
        publisher.over.set()
        assert (await trying).status_code == 202
    assert len(await jobs(base)) == 3


async def test_another_process_knows_what_was_taken_and_a_crash_before_the_mark_makes_the_same_jobs(
    tmp_path: Path, base: Settings
) -> None:
    settings, made, answers = central(tmp_path, base), batch("marked"), []
    for _ in range(2):
        async with serving_centre(tmp_path, settings) as centre:
            answers.append((await centre.ask(made)).json()["repeated"])
    assert answers == [False, True]
    first = await jobs(base)
    async with Redis.from_url(settings.redis_url) as redis:
        assert await redis.delete(f"{settings.namespace}:taken:berlin:marked") == 1
    async with serving_centre(tmp_path, settings) as centre:
        assert (await centre.ask(made)).json()["repeated"] is False
    assert sorted(await jobs(base)) == sorted(first)


async def test_a_site_s_client_rotates_certificate_and_secret_under_way(centre: Centre, tmp_path: Path) -> None:
    places = f"file:{tmp_path}/secret,file:{tmp_path}/next-secret"
    sender = Gateway(client_site(tmp_path, centre.settings, gateway_secrets=places))

    async def send(*names: str) -> None:
        async with asyncio.timeout(10):
            assert await sender.send([encode(batch(name)) for name in names]) == [None] * len(names)

    try:
        await send("r1", "r2", "r3")
        certificates(tmp_path).rotate(["berlin"], server=True)
        assert centre.tls
        centre.tls.reload()
        await send("r4")
        (tmp_path / "next-secret").write_text(new_secret())
        await send("r5")  # signed with both
        (tmp_path / "secret").unlink()
        await send("r6")
    finally:
        await sender.close()
    assert len(await jobs(centre.settings)) == 18


async def test_a_wrong_secret_is_waited_for_and_nothing_is_lost(centre: Centre, tmp_path: Path) -> None:
    right = (tmp_path / "secret").read_text()
    (tmp_path / "own-secret").write_text(new_secret())
    sender = Gateway(client_site(tmp_path, centre.settings, gateway_secrets=f"file:{tmp_path}/own-secret"))
    with capture_logs() as logs:
        sending = asyncio.create_task(sender.send([encode(batch("w1")), b"{}", encode(batch("w2"))]))
        try:
            await eventually(lambda: "bad_signature" in str(logs), 10)
            assert not sending.done()
            (tmp_path / "own-secret").write_text(right)
            one, two, three = await asyncio.wait_for(sending, 20)
        finally:
            sending.cancel()
            await sender.close()
    assert (one, three) == (None, None)
    assert two and two.reason == "not a batch"
    assert len(await jobs(centre.settings)) == 6
    assert [line["log_level"] for line in logs] == ["error", "info"]
    assert right not in str(logs)


async def test_the_doctor_asks_the_centre_who_this_site_is(centre: Centre, tmp_path: Path) -> None:
    own = tmp_path / "own.toml"

    async def found(**changed: Any) -> tuple[str, str]:
        [check] = await check_gateway(client_site(tmp_path, centre.settings, tenants=own, **changed), 5)
        return check.verdict, check.found

    own.write_text("[tenants.default]")
    assert await found() == ("ok", "knows this site as berlin")
    assert "bad_signature" in (await found(gateway_secrets=""))[1]
    assert "unknown_site" in (await found(gateway_site="nobody"))[1]
    assert "404" in (await found(gateway_url=f"{centre.url}/else"))[1]
    assert "CERTIFICATE" in (await found(gateway_ca=""))[1].upper()
    assert await found(gateway_url="https://localhost:1") == ("failed", "no answer (ConnectError)")
    own.write_text("[tenants.default]\n[tenants.other]")
    assert await found() == ("failed", "does not take tenants other from this site")
