"""What delivery counts, for Prometheus."""

from __future__ import annotations

from prometheus_client import Counter, Histogram

POSTS = Counter("capi_posts_total", "POSTs to a platform by what came of them", ["platform", "result"])
POST_SECONDS = Histogram("capi_post_seconds", "Duration of a POST", ["platform"])
JOBS = Counter("capi_jobs_total", "Jobs that a delivery worker settled", ["platform", "outcome", "move"])
UNREADABLE = Counter("capi_jobs_unreadable_total", "Messages in a work queue that were no job", ["queue"])
LATE_ACKS = Counter("capi_late_acks_total", "Acks for deliveries of a connection that was gone")
