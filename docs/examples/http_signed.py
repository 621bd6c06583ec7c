"""Events from a server over HTTP, signed; needs nothing but Python.

`COLLECT=http://127.0.0.1:8090 KEY=sk_server SECRET=whsec_… python http_signed.py`
"""

import base64
import hashlib
import hmac
import json
import os
import time
import urllib.request
import uuid

COLLECT = os.environ.get("COLLECT", "http://127.0.0.1:8090")
KEY, SECRET = os.environ["KEY"], os.environ["SECRET"]


def signed(body: bytes) -> dict[str, str]:
    """Headers of Standard Webhooks. Send a request that got no answer again with the same `webhook-id`."""
    ident, now = f"msg_{uuid.uuid4()}", str(int(time.time()))
    key = base64.b64decode(SECRET.removeprefix("whsec_"))
    mac = hmac.new(key, f"{ident}.{now}.".encode() + body, hashlib.sha256).digest()
    return {
        "X-Capi-Key": KEY,
        "webhook-id": ident,
        "webhook-timestamp": now,
        "webhook-signature": "v1," + base64.b64encode(mac).decode(),
        "Content-Type": "application/json",
    }


visit = f"visit-{uuid.uuid4()}"
events = [
    {"event_name": "AddToCart", "session_id": visit, "custom_data": {"value": 59.9, "currency": "EUR"}},
    {"event_name": "Lead", "session_id": visit, "user_data": {"em": "ada@example.com"}},
]
body = json.dumps(events).encode()
request = urllib.request.Request(f"{COLLECT}/v1/events", body, signed(body))
with urllib.request.urlopen(request, timeout=30) as response:  # nosec B310 # COLLECT is http or https
    answer = json.load(response)
print(json.dumps(answer, indent=1))  # "events": an id each, or what is wrong with it, in the order sent
