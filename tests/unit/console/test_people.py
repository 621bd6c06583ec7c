"""/people: what is shown of a person, what is begun, what is refused, and that the clear value is nowhere."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any, cast

import msgspec
import pytest
import pytest_asyncio
from aiohttp import ClientResponse

from agents.access.secret import internal_secret, locked, unlocked
from agents.access.user_file import changing
from agents.console import pages_people
from agents.console.pages_people import GOOD_FOR_S, PURPOSE, Pending
from agents.console.people import people_of
from agents.erase_held import Ask, Held, held_by_ledger
from agents.erasing import Result
from sinks.erasures import ErasureError, Sent
from sinks.forgetting import Forgotten
from sinks.notes import NoteError
from streams.events import Erase
from streams.ledger.answers import Holds
from streams.ledger.queries import HoldsOf
from streams.settings import Settings
from tests.unit.console.desk import Browser, FakeDesk, FakeLedger, console, fake_desk

EMAIL = "hidden-word@example.com"
EM = sha256(EMAIL.encode()).hexdigest()
NUMBER = "+4930901820"
PHONES = [sha256(text.encode()).hexdigest() for text in (NUMBER[1:], NUMBER)]
GIVEN = {"tenant": "shop", "field": "em", "value": EMAIL}


def person_in(text: str) -> str:
    return text.split('name="person" value="')[1].split('"')[0]


class Admin:
    """An admin's browser that keeps all it was shown, and a `forget` that waits until it is let go."""

    def __init__(self, browser: Browser, desk: FakeDesk) -> None:
        self.browser, self.desk = browser, desk
        self.seen: list[str] = []
        self.asked: list[Erase] = []
        self.who = ""
        self.let_go = asyncio.Event()
        self.answer: Forgotten | Exception = Forgotten(
            sent=[Sent("t", 0, 1)], events=2, memories=3, parked=4, waits_for=[]
        )

    async def forget(
        self, _: Settings, erasures: Sequence[Erase], who: str, wait_s: float, ask: Ask, **more: Any
    ) -> Result:
        self.asked, self.who = [*erasures], who
        more["progress"]("visitors")
        await self.let_go.wait()
        if isinstance(self.answer, Exception):
            raise self.answer
        held = await held_by_ledger(ask, erasures)
        return Result(self.answer, Held(held, held), [])

    async def get(self, path: str) -> str:
        return await self._read(await self.browser.get(path))

    async def post(self, path: str, form: dict[str, str]) -> tuple[int, str]:
        answer = await self.browser.post(path, form)
        return answer.status, await self._read(answer)

    async def _read(self, answer: ClientResponse) -> str:
        self.seen += [await answer.text(), str(answer.url), str(answer.headers)]
        return self.seen[-3]

    async def look(self, **form: str) -> str:
        """What the second form would bring back."""
        status, text = await self.post("/people", GIVEN | form)
        assert status == 200, text
        return person_in(text)

    async def erase(self, person: str) -> int:
        return (await self.post("/people/erase", {"person": person, "sure": "1"}))[0]

    async def ended(self) -> None:
        self.let_go.set()
        task = people_of(self.desk.settings)._task
        assert task
        await asyncio.wait_for(asyncio.shield(task), 10)

    def audit(self) -> list[tuple[str, str, str, str]]:
        return [(n.who, n.target, n.tenant, n.result) for n in self.desk.noted if n.what == "erase"]


@pytest.fixture
def desk(tmp_path: Path) -> FakeDesk:
    return fake_desk(tmp_path, rabbitmq_management_url="http://127.0.0.1:9")


@pytest_asyncio.fixture
async def admin(desk: FakeDesk, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Admin]:
    async with console(desk) as browser:
        made = Admin(browser, desk)
        monkeypatch.setattr(pages_people, "forget", made.forget)
        await browser.login("admin")
        await made.get("/people")
        yield made
        made.let_go.set()


def ledger_of(desk: FakeDesk) -> FakeLedger:
    return cast(FakeLedger, desk.ledger)


# -- the first step


async def test_it_shows_what_is_held_and_changes_nothing(admin: Admin, desk: FakeDesk) -> None:
    ledger_of(desk).answers[HoldsOf] = Holds(visits=3, events=4_711)
    status, text = await admin.post("/people", GIVEN | {"value": f" {EMAIL.upper()} "})
    assert status == 200
    assert f"<code>{EM[:8]}</code>" in text
    assert "4,711" in text
    assert EM[:9] not in text
    assert "nothing was changed" in text
    assert "Parked jobs cannot be looked at now: RabbitMQ" in text
    assert ledger_of(desk).asked == [HoldsOf(tenant="shop", field="em", digest=EM, tenants=("shop",))]
    assert (admin.asked, admin.audit()) == ([], [])


@pytest.mark.parametrize(
    ("form", "found"),
    [
        ({"field": "em", "value": EM.upper()}, {"em": EM}),
        ({"field": "external_id", "value": "Customer-7"}, {"external_id": sha256(b"Customer-7").hexdigest()}),
        ({"field": "ph", "value": NUMBER}, dict(zip(("ph", "ph_e164"), PHONES, strict=True))),
        ({"field": "ph", "value": "030 901820", "country": " de "}, {"ph": PHONES[0], "ph_e164": PHONES[1]}),
        ({"field": "ph_e164", "digest": f" {EM.upper()} "}, {"ph_e164": EM}),
    ],
)
async def test_a_value_is_hashed_as_the_door_does_it(
    admin: Admin, form: dict[str, str], found: dict[str, str]
) -> None:
    assert await admin.erase(await admin.look(**form)) == 303
    await admin.ended()
    assert {one.field: one.digest for one in admin.asked} == found
    assert {one.tenant for one in admin.asked} == {"shop"}


@pytest.mark.parametrize(
    ("form", "said"),
    [
        ({"value": ""}, "E-mail address is empty."),
        ({"value": "hidden-word"}, "E-mail address "),
        ({"value": "hidden-word" * 100}, "E-mail address is longer than 1024 characters."),
        ({"value": "hidden-word\ud800"}, "E-mail address "),
        ({"value": "hidden-word<script>alert(1)</script>"}, "E-mail address "),
        ({"field": "ph", "value": "hidden-word"}, "Phone number "),
        ({"field": "ph", "value": NUMBER, "country": "hidden-word"}, "Country is no country that is known here."),
        ({"field": "fn", "value": "hidden-word"}, "Field is none of em, ph, external_id."),
        ({"field": "hidden-word"}, "Field is none of"),
        ({"field": "fn", "digest": EM}, "Field is none of em, ph, ph_e164, external_id."),
        ({"digest": "hidden-word"}, "Digest is no SHA-256 of 64 hex digits."),
        ({"digest": ""}, "Digest is no SHA-256 of 64 hex digits."),
    ],
)
async def test_what_names_nobody_is_told_without_it(admin: Admin, form: dict[str, str], said: str) -> None:
    body = {name: value.encode("utf-8", "replace").decode() for name, value in (GIVEN | form).items()}
    status, text = await admin.post("/people", body)
    assert status == 400
    assert said in text
    assert "hidden-word" not in "".join(admin.seen)
    assert 'name="person"' not in text


async def test_a_ledger_that_is_away_is_said(admin: Admin, desk: FakeDesk) -> None:
    ledger_of(desk).away = True
    status, text = await admin.post("/people", GIVEN)
    assert status == 200
    assert "The ledger does not answer now" in text
    assert person_in(text)


async def test_a_client_site_says_where_jobs_are(tmp_path: Path) -> None:
    desk = fake_desk(tmp_path, gateway_url="https://central.example", gateway_site="berlin")
    async with console(desk) as browser:
        await browser.login("admin")
        await browser.get("/people")
        assert "central site" in await (await browser.post("/people", GIVEN)).text()


@pytest.mark.parametrize("tenant", ["other", "stranger", ""])
async def test_another_tenants_people_are_not_there(desk: FakeDesk, tenant: str) -> None:
    async with console(desk) as browser:
        await browser.login("shop-admin")
        page = await (await browser.get("/people")).text()
        assert 'name="tenant" value="shop"' in page
        assert "other" not in page.partition("<h1>")[2].replace("another", "")
        answer = await browser.post("/people", GIVEN | {"tenant": tenant})
        assert answer.status == 404
        assert ledger_of(desk).asked == []


# -- the second step


async def test_it_is_watched_until_it_is_done_and_is_in_the_audit(admin: Admin, desk: FakeDesk) -> None:
    ledger_of(desk).answers[HoldsOf] = Holds(visits=3, events=7)
    assert await admin.erase(await admin.look()) == 303
    page = await admin.get("/people")
    assert "under way" in page
    assert 'hx-get="/people"' in page
    assert "the memory of visitors" in page
    assert admin.audit() == [("admin", f"em {EM[:8]}", "shop", "begun")]
    await admin.ended()
    page = await admin.get("/people")
    assert 'hx-get="/people"' not in page
    for text in ("done", "2 held events", "3 memories", "7 events before, 7 now", "4 jobs"):
        assert text in page
    assert admin.who == "admin"
    result = admin.audit()[1][3]
    assert result.startswith(
        "open sessions and their mirror: 2 held events; memory of visitors: 3 memories; ledger: "
    )


async def test_the_value_is_nowhere(
    admin: Admin, desk: FakeDesk, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level("DEBUG")
    assert await admin.erase(await admin.look()) == 303
    await admin.get("/people")
    admin.answer = ValueError(EMAIL)
    await admin.ended()
    page = await admin.get("/people")
    assert "an error of ours, ValueError" in page
    told = [*admin.seen, caplog.text, *capsys.readouterr(), *map(str, desk.noted)]
    assert len(told) > 12
    for one in told:
        assert "hidden-word" not in one
        assert EM not in one


async def test_the_second_form_has_the_digests_for_us_only(admin: Admin, desk: FakeDesk) -> None:
    person, secret = await admin.look(), internal_secret(desk.settings)
    body = unlocked(secret, PURPOSE, person, GOOD_FOR_S, time.time())
    assert body is not None
    assert msgspec.json.decode(body, type=Pending).erasures[0].digest == EM
    assert unlocked(secret, "another", person, GOOD_FOR_S, time.time()) is None
    assert unlocked(secret, PURPOSE, person, GOOD_FOR_S, time.time() + GOOD_FOR_S + 1) is None
    assert await admin.look() != person  # nor can two be compared


def pending(desk: FakeDesk, who: str, age_s: float = 0, *tenants: str) -> str:
    erasures = tuple(Erase(tenant=tenant, field="em", digest=EM) for tenant in tenants or ("shop",))
    body = msgspec.json.encode(Pending(who, erasures))
    return locked(internal_secret(desk.settings), PURPOSE, body, time.time() - age_s)


Making = Callable[[FakeDesk], str]


@pytest.mark.parametrize(
    "made",
    [
        lambda _: "",
        lambda _: "hidden-word",
        lambda _: "é",
        lambda desk: pending(desk, "admin")[:-2],
        lambda desk: pending(desk, "shop-admin"),
        lambda desk: pending(desk, "admin", GOOD_FOR_S + 5),
        lambda desk: locked(internal_secret(desk.settings), PURPOSE, b'{"who":"admin"}', time.time()),
        lambda desk: locked(
            internal_secret(desk.settings), PURPOSE, b'{"who":"admin","erasures":[]}', time.time()
        ),
        lambda desk: locked(internal_secret(desk.settings), "another", b"{}", time.time()),
    ],
)
async def test_what_was_not_asked_by_this_user_just_now_is_not_begun(
    admin: Admin, desk: FakeDesk, made: Making
) -> None:
    status, text = await admin.post("/people/erase", {"person": made(desk), "sure": "1"})
    assert status == 400
    assert "start over" in text
    assert "hidden-word" not in text
    assert (admin.asked, admin.audit()) == ([], [])


async def test_it_has_to_be_meant(admin: Admin) -> None:
    person = await admin.look()
    status, text = await admin.post("/people/erase", {"person": person})
    assert (status, admin.audit()) == (400, [])
    assert "no way back" in text


async def test_a_scope_that_became_smaller_counts(admin: Admin, desk: FakeDesk) -> None:
    person = await admin.look()
    with changing(desk.settings.console_users) as accounts:
        accounts["admin"] = msgspec.structs.replace(accounts["admin"], tenants=("other",))
    await admin.browser.login("admin")
    await admin.get("/people")
    assert await admin.erase(person) == 404
    assert await admin.erase(pending(desk, "admin", 0, "other", "shop")) == 404
    assert admin.audit() == []


async def test_a_second_one_is_told_to_wait(admin: Admin, desk: FakeDesk) -> None:
    person = await admin.look()
    assert await admin.erase(person) == 303
    async with console(desk) as browser:
        second = Admin(browser, desk)
        await browser.login("shop-admin")
        await second.get("/people")
        status, text = await second.post("/people/erase", {"person": await second.look(), "sure": "1"})
        assert status == 409
        assert "wait until that is done" in text
        assert len(admin.audit()) == 1
        await admin.ended()
        assert await second.erase(await second.look()) == 303
        await admin.ended()
    assert [who for who, *_ in admin.audit()] == ["admin", "admin", "shop-admin", "shop-admin"]


async def test_two_at_the_same_moment_are_one(
    admin: Admin, desk: FakeDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = await admin.look(), await admin.look()
    both, note = asyncio.Barrier(2), FakeDesk.note

    async def slow(self: FakeDesk, *told: Any, **more: Any) -> None:
        await note(self, *told, **more)
        if more["result"] == "begun":
            await both.wait()

    monkeypatch.setattr(FakeDesk, "note", slow)
    statuses = await asyncio.gather(admin.erase(first), admin.erase(second))
    assert sorted(statuses) == [303, 409]
    assert [result for *_, result in admin.audit()] == ["begun", "begun", "not done: another was under way"]


async def test_others_see_only_that_it_is_under_way(admin: Admin, desk: FakeDesk) -> None:
    assert await admin.erase(await admin.look(tenant="other")) == 303
    async with console(desk) as browser:
        await browser.login("shop-admin")
        page = await (await browser.get("/people")).text()
    assert "Another person is being erased" in page
    assert EM[:8] not in page


async def test_without_an_audit_nothing_is_done(
    admin: Admin, desk: FakeDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def refuse(*_: object, **__: object) -> None:
        raise NoteError("the audit could not be written: Kafka does not take it (TimeoutError)")

    person = await admin.look()
    monkeypatch.setattr(FakeDesk, "note", refuse)
    status, text = await admin.post("/people/erase", {"person": person, "sure": "1"})
    assert status == 503
    assert "Kafka does not take it" in text
    assert people_of(desk.settings).work is None


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (
            ErasureError("Kafka did not take every request"),
            ["failed", "Kafka did not take every request. What Kafka"],
        ),
        (Forgotten(sent=[], waits_for=["visitors"]), ["not yet everywhere", "The role visitors was not that far"]),
        (Forgotten(sent=[], parked=0, readers=1), ["not yet everywhere"]),
    ],
)
async def test_what_is_not_done_is_said(admin: Admin, answer: Forgotten | Exception, said: list[str]) -> None:
    admin.answer = answer
    assert await admin.erase(await admin.look()) == 303
    await admin.ended()
    page = await admin.get("/people")
    for text in said:
        assert text in page
    assert len(admin.audit()) == 2


async def test_an_audit_that_lacks_the_end_is_said(
    admin: Admin, desk: FakeDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert await admin.erase(await admin.look()) == 303

    async def refuse(*_: object, **__: object) -> None:
        raise NoteError("the audit could not be written")

    monkeypatch.setattr(FakeDesk, "note", refuse)
    await admin.ended()
    assert "the audit could not be written" in await admin.get("/people")
