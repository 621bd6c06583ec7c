"""What delivery counts, for Prometheus. `pixel` is the pixel id, `class` the outcome's."""

from __future__ import annotations

from prometheus_client import Counter, Gauge, Histogram

PIXEL = ("platform", "pixel")
AGES_S = (1, 5, 30, 120, 300, 900, 1800, 3600, 7200, 21_600, 86_400, 604_800)
LATE_S = (3600, 21_600, 86_400, 172_800, 345_600, 518_400, 604_800)  # days 1, 2, 4, 6 and 7: the end
SIZES = (1, 2, 5, 10, 25, 50, 100, 250, 500, 1000)

POSTS = Counter("capi_posts_total", "POSTs to a platform by what came of them", [*PIXEL, "class"])
POST_SECONDS = Histogram("capi_post_seconds", "Duration of a POST", ["platform"])
POST_EVENTS = Histogram("capi_post_events", "Events in a POST", ["platform"], buckets=SIZES)
JOBS = Counter(
    "capi_jobs_total", "Jobs settled; move is ack, retry, wait, park or drop", [*PIXEL, "class", "move"]
)
AGE_SECONDS = Histogram("capi_delivered_age_seconds", "Event time to delivery", ["platform"], buckets=AGES_S)
POSTPONED_AGE = Histogram(
    "capi_postponed_age_seconds", "Event time to when a job was put on a rung", [*PIXEL], buckets=LATE_S
)
OLDEST_AGE = Gauge("capi_jobs_oldest_age_seconds", "Age of the oldest event in hand; 0 without any", ["queue"])
GAP = Counter("capi_reconciliation_gap_total", "Events that an answer to a POST did not count", [*PIXEL])
LANE_STATE = Gauge("capi_lane_state", "1 for the state that a lane is in", [*PIXEL, "state"])
LANE_RATE = Gauge("capi_lane_rate", "POSTs a second that a lane may make; +Inf without a limit", [*PIXEL])
TEST_CODE = Gauge("capi_lane_test_code", "1 while the tenants file sends a pixel's events as tests", [*PIXEL])
ALARMS = Counter("capi_lane_alarms_total", "Lanes that closed, each counted once until it opens again", [*PIXEL])
UNACKED = Gauge("capi_jobs_unacked", "Jobs in hand", ["queue"])
UNREADABLE = Counter("capi_jobs_unreadable_total", "Messages in a work queue that were no job", ["queue"])
LATE_ACKS = Counter("capi_late_acks_total", "Acks for deliveries of a connection that was gone")
