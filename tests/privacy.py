"""Looks for personal data and secrets in the clear, wherever a site keeps or shows something.

A test makes a person and a token that are found nowhere else (`Marks`), sends them through the doors, and asks
`traces_of` what of them is to be seen in texts: log files, metrics, records, keys and values, queues, pages.
"""

from __future__ import annotations

import re
import secrets
from base64 import b64encode
from collections.abc import AsyncIterator, Iterable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote, quote_plus

import httpx
from aiokafka import AIOKafkaConsumer
from aiokafka.structs import TopicPartition
from redis.asyncio import Redis

from sinks.rabbit_admin import RabbitAdmin
from streams.settings import Settings
from streams.topics import topics
from tests.rabbit import take_all

Text = tuple[str, bytes]  # where it was, what was there
_ESCAPED = re.compile(rb"\\+u00([0-9a-fA-F]{2})")
KEYS_AT_ONCE = 500
# how all of a key is read; `DUMP` would be compressed
READ: dict[bytes, tuple[Any, ...]] = {
    b"string": ("GET",),
    b"list": ("LRANGE", 0, -1),
    b"hash": ("HGETALL",),
    b"set": ("SMEMBERS",),
    b"zset": ("ZRANGE", 0, -1),
    b"stream": ("XRANGE", "-", "+"),
}


class Marks:
    """A person whom nobody else is, and what of them must not be in the clear, by the name under which it is sent.

    What is `clear` may be nowhere behind the door. Address, agent and cookie the platforms take in the clear:
    records have them, and no log, metric or page.
    """

    def __init__(self) -> None:
        mark = secrets.token_hex(4)
        number = f"{secrets.randbelow(10**7):07}"
        self.token = f"EAA{mark}{secrets.token_hex(12)}"
        self.email = f"Marked.{mark}@Privacy-{mark}.example"
        self.phone = f"+49 30 9{number}"
        self.first_name, self.last_name = f"Zebulonia{mark}", f"Quixworthy{mark}"
        self.external_id = f"customer-{mark}-7"
        self.email_in_base64 = b64encode(self.email.encode()).decode()
        self.clear = {
            "token": [self.token],
            "email": [mark],  # of every other one too
            "phone": [self.phone, f"49309{number}", f"309{number}"],
        }
        self.ip, self.agent = f"198.51.100.{secrets.randbelow(200) + 20}", f"Browser{secrets.token_hex(4)}/7"
        self.fbp = f"fb.1.1700000000000.{number}{number}"

    @property
    def user_data(self) -> dict[str, str]:
        return {
            "em": self.email,
            "ph": self.phone,
            "fn": self.first_name,
            "ln": self.last_name,
            "external_id": self.external_id,
            "fbp": self.fbp,
            "client_ip": self.ip,
            "client_user_agent": f"Mozilla/5.0 {self.agent}",
        }


def traces_of(needles: Iterable[str], texts: Iterable[Text]) -> Iterator[str]:
    """Where a needle is in the clear, in any case, percent-encoded, escaped as in JSON, or in base64."""
    given = set(needles)
    plain = {form.lower().encode() for needle in given for form in (needle, quote(needle), quote_plus(needle))}
    coded = {
        form for needle in given for case in (needle, needle.lower(), needle.upper()) for form in in_base64(case)
    }
    for place, text in texts:
        low = _ESCAPED.sub(_unescaped, text).lower()
        yield from (_seen(place, low, needle) for needle in plain if needle in low)
        yield from (_seen(place, text, needle) for needle in coded if needle in text)


def in_base64(text: str) -> Iterator[bytes]:
    """What of base64 is sure when the text begins at each of the three places, in both alphabets."""
    raw = text.encode()
    for before in range(3):
        whole = b64encode(bytes(before) + raw)
        first, last = -(-before * 8 // 6), (before + len(raw)) * 8 // 6
        yield whole[first:last]
        yield whole[first:last].translate(bytes.maketrans(b"+/", b"-_"))


def _unescaped(found: re.Match[bytes]) -> bytes:
    return chr(int(found[1], 16)).encode(errors="replace")


def _seen(place: str, text: bytes, needle: bytes) -> str:
    at = text.find(needle)
    return f"{place}: …{text[max(0, at - 60) : at + len(needle) + 20]!r}…"


def all_needles(marks: Marks) -> list[str]:
    return [needle for needles in marks.clear.values() for needle in needles]


def shown_needles(marks: Marks) -> list[str]:
    """What no log, metric or page shows: also what records may have."""
    return [*all_needles(marks), marks.ip, marks.agent, marks.fbp]


def files(folder: Path) -> Iterator[Text]:
    yield from ((path.name, path.read_bytes()) for path in sorted(folder.glob("*.log")))


async def pages(urls: Iterable[str]) -> AsyncIterator[Text]:
    async with httpx.AsyncClient() as client:
        for url in urls:
            answer = await client.get(url)
            yield url, answer.content + repr(answer.headers).encode()


async def records(settings: Settings, but: Iterable[str] = ("events",)) -> AsyncIterator[Text]:
    """Every record of every topic and changelog but those, aborted ones too: key, value and headers."""
    left_out = {settings.topic(name) for name in but}
    tps = [
        TopicPartition(spec.name, number)
        for spec in topics(settings)
        if spec.name not in left_out
        for number in range(spec.partitions)
    ]
    consumer = AIOKafkaConsumer(bootstrap_servers=settings.kafka_servers, auto_offset_reset="earliest")
    await consumer.start()
    try:
        consumer.assign(tps)
        ends = await consumer.end_offsets(tps)
        while any([await consumer.position(tp) < ends[tp] for tp in tps]):
            for found in (await consumer.getmany(timeout_ms=200)).values():
                for one in found:
                    text = b" ".join((one.key or b"", one.value or b"", repr(one.headers).encode()))
                    yield f"{one.topic}-{one.partition}@{one.offset}", text
    finally:
        await consumer.stop()


async def redis_items(settings: Settings) -> AsyncIterator[Text]:
    """Every key and value of the Redis, whoever wrote it."""
    async with Redis.from_url(settings.redis_url) as client:
        keys = [key async for key in client.scan_iter(count=KEYS_AT_ONCE)]
        for start in range(0, len(keys), KEYS_AT_ONCE):
            part = keys[start : start + KEYS_AT_ONCE]
            async with client.pipeline(transaction=False) as ask:
                for key in part:
                    ask.type(key)
                kinds = await ask.execute()
            known = [(key, kind) for key, kind in zip(part, kinds, strict=True) if kind in READ]  # others are gone
            async with client.pipeline(transaction=False) as ask:
                for key, kind in known:
                    ask.execute_command(READ[kind][0], key, *READ[kind][1:])
                values = await ask.execute(raise_on_error=False)
            for (key, _), value in zip(known, values, strict=True):
                yield f"Redis {key.decode(errors='replace')}", key + b" " + as_bytes(value)


def as_bytes(value: Any) -> bytes:
    """What is in an answer of Redis, one after the other."""
    if isinstance(value, bytes):
        return value
    if isinstance(value, dict):
        value = [part for pair in value.items() for part in pair]
    if isinstance(value, list | tuple | set):
        return b"\n".join(map(as_bytes, value))
    return repr(value).encode()


async def messages(settings: Settings) -> AsyncIterator[Text]:
    """Every message that lies in a queue, taken out of it: body, id and headers."""
    with RabbitAdmin(settings) as admin:
        names = sorted(admin.message_counts())
    for name in names:
        for message in await take_all(settings, name):
            yield name, message.body + repr(dict(message.header.properties)).encode()
