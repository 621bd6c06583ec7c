"""What the intake counts, for Prometheus; events are counted where they pass the door."""

from __future__ import annotations

from prometheus_client import Counter, Gauge

TAKEN = Counter("capi_intake_items_total", "Items of the Redis queue whose event or reject Kafka has")
RECOVERED = Counter("capi_intake_recovered_total", "Items that workers which died had in hand")
QUEUED = Gauge("capi_intake_queue_items", "Items that wait in the Redis queue")
ORPHANS = Gauge("capi_intake_orphans", "Items of dead workers that wait to be taken over")
IN_HAND = Gauge("capi_intake_in_hand", "Items that this worker has taken and Kafka does not have yet")
AGE = Gauge("capi_intake_age_seconds", "Age of the oldest event last taken, by its own timestamp; 0 when idle")
