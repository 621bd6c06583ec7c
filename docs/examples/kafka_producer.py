"""A visit to Kafka: `pip install aiokafka`, then `KAFKA=127.0.0.1:9092 python kafka_producer.py`."""

import asyncio
import json
import os
import time
import uuid

from aiokafka import AIOKafkaProducer

KAFKA = os.environ.get("KAFKA", "127.0.0.1:9092")
TOPIC = os.environ.get("TOPIC", "capi.events")


def event(name: str, visit: str, **more: object) -> dict[str, object]:
    return {
        "event_name": name,
        "event_id": str(uuid.uuid4()),  # give the browser's copy the same one: the platforms merge both by it
        "session_id": visit,
        "timestamp": time.time(),
        "event_source_url": "https://shop.example.com/shoes",
        "user_data": {"client_ip": "198.51.100.7", "client_user_agent": "Mozilla/5.0 (X11; Linux x86_64)"},
    } | more


async def main() -> None:
    visit = f"visit-{uuid.uuid4()}"
    order = {"value": 59.9, "currency": "EUR", "order_id": "1001"}
    events = [
        event("PageView", visit),
        event("ViewContent", visit, custom_data={"content_ids": ["shoe-7"], "content_type": "product"}),
        event("Purchase", visit, user_data={"em": "ada@example.com"}, custom_data=order),
    ]
    # idempotent: a repeated send neither doubles nor reorders; keyed by visit: its events stay in order
    async with AIOKafkaProducer(bootstrap_servers=KAFKA, enable_idempotence=True) as producer:
        sends = [await producer.send(TOPIC, json.dumps(one).encode(), visit.encode()) for one in events]
        await asyncio.gather(*sends)  # raises when one was not stored: send it again with the same event_id
    print(f"{len(events)} events of {visit} are stored")


asyncio.run(main())
