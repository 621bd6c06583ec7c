"""An event by way of Redis: `pip install redis`, then `REDIS=redis://127.0.0.1:6379/0 python redis_push.py`."""

import json
import os
import time
import uuid

from redis import Redis

QUEUE = os.environ.get("QUEUE", "queue:capi")

event = {
    "event_name": "AddToCart",
    "event_id": str(uuid.uuid4()),  # an item that is pushed twice counts once
    "session_id": "visit-7f3a",
    "timestamp": time.time(),  # when it happened; it may wait in the queue
    "event_source_url": "https://shop.example.com/shoes",
    "user_data": {"client_ip": "198.51.100.7", "client_user_agent": "Mozilla/5.0 (X11; Linux x86_64)"},
    "custom_data": {"value": 59.9, "currency": "EUR", "content_ids": ["shoe-7"]},
}

with Redis.from_url(os.environ.get("REDIS", "redis://127.0.0.1:6379/0")) as redis:
    waiting = redis.lpush(QUEUE, json.dumps(event))  # any number of events in one call
print(f"{waiting} wait in {QUEUE}")
