"""From the doors to RabbitMQ: does all flow?"""

from __future__ import annotations

from deploy.grafana.panel import Dashboard, Line, Panel, Row, per_second, quantile, quantiles

FLOW = Row(
    "Does it flow?",
    (
        Panel(
            title="Events in",
            says="Events that passed a door, each second.",
            lines=(Line(per_second("capi_events_admitted_total", "")),),
            unit="eps",
            kind="stat",
            width=6,
        ),
        Panel(
            title="Jobs out",
            says="Jobs that a platform took, each second.",
            lines=(Line(per_second("capi_jobs_total", "", '{class="delivered"}')),),
            unit="eps",
            kind="stat",
            width=6,
        ),
        Panel(
            title="Farthest behind",
            says="Age of the oldest record that a role has not read. Minutes: see CapiRoleBehind in the runbook.",
            lines=(Line("max(capi_group_lag_seconds)"),),
            unit="s",
            kind="stat",
            width=6,
            red=900,
        ),
        Panel(
            title="Targets down",
            says="Processes that Prometheus expects and that do not answer.",
            lines=(Line('count(up{job=~"capi-.+"} == 0) or vector(0)'),),
            kind="stat",
            width=6,
            red=1,
        ),
    ),
)
DOORS = Row(
    "Doors",
    (
        Panel(
            title="Admitted by tenant",
            says="Events that passed a door. A tenant that falls to nothing has a shop that stopped sending.",
            lines=(Line(per_second("capi_events_admitted_total", "tenant"), "{{tenant}}"),),
            unit="eps",
            stacked=True,
        ),
        Panel(
            title="Rejected by reason",
            says="Records that did not pass; capi.rejects has each with its field. Usually a producer's release.",
            lines=(Line(per_second("capi_events_rejected_total", "tenant, reason"), "{{tenant}}: {{reason}}"),),
            unit="eps",
        ),
        Panel(
            title="Robots, denials, duplicates",
            says="Events of crawlers, withdrawals of consent, and ids that a session had seen.",
            lines=(
                Line(per_second("capi_events_robots_total", ""), "robots"),
                Line(per_second("capi_events_denied_total", ""), "consent denied"),
                Line(per_second("capi_duplicates_total", ""), "duplicates"),
            ),
            unit="eps",
        ),
        Panel(
            title="HTTP door: answers",
            says="Answers of capi collect. 5xx: it cannot reach Kafka. 4xx: a shop sends what cannot be taken.",
            lines=(Line(per_second("capi_collect_requests_total", "status"), "{{status}}"),),
            unit="reqps",
            stacked=True,
        ),
        Panel(
            title="HTTP door: time to answer",
            says="An answer means that Kafka has the event.",
            lines=quantiles("capi_collect_seconds"),
            unit="s",
        ),
        Panel(
            title="Redis list",
            says="Items that wait in the list, or in the hands of workers that died.",
            lines=(
                Line("max(capi_intake_queue_items)", "waiting"),
                Line("max(capi_intake_orphans)", "of dead workers"),
                Line("sum(capi_intake_in_hand)", "in hand"),
            ),
        ),
    ),
)
SESSIONS = Row(
    "Sessions",
    (
        Panel(
            title="Open sessions",
            says="Sessions that hold events, and the events that they hold.",
            lines=(Line("sum(capi_sessions_open)", "sessions"), Line("sum(capi_events_held)", "events held")),
        ),
        Panel(
            title="Batches by reason",
            says="Why sessions let go of their events: idle, an order, their age or size.",
            lines=(Line(per_second("capi_flushes_total", "reason"), "{{reason}}"),),
            unit="eps",
            stacked=True,
        ),
        Panel(
            title="Earliest deadline",
            says="When the next session is due, by log time. Far in the past: the log's clock stands still.",
            lines=(Line("min by (instance) (capi_next_deadline_timestamp_seconds > 0) * 1000", "{{instance}}"),),
            unit="dateTimeFromNow",
        ),
    ),
)
LAG = Row(
    "What waits",
    (
        Panel(
            title="Records not read",
            says="By role and topic, also while the role is down.",
            lines=(Line("max by (group, topic) (capi_group_lag_records)", "{{group}}: {{topic}}"),),
        ),
        Panel(
            title="Age of the oldest of them",
            says="The same in time. It should stay below a few seconds.",
            lines=(Line("max by (group, topic) (capi_group_lag_seconds)", "{{group}}: {{topic}}"),),
            unit="s",
            red=900,
        ),
        Panel(
            title="RabbitMQ",
            says="Jobs by queue. Rungs (retry_…) hold what is tried again later; capi_parked what was given up.",
            lines=(Line('max by (queue) (capi_queue_messages{state="ready"})', "{{queue}}"),),
        ),
        Panel(
            title="Jobs published",
            says="Jobs that RabbitMQ confirmed to dispatch.",
            lines=(Line(per_second("capi_jobs_published_total", "platform"), "{{platform}}"),),
            unit="eps",
        ),
        Panel(
            title="Between sites",
            says="Batches that dispatch posts to the central site, and that the central site gets.",
            lines=(
                Line(per_second("capi_gateway_posts_total", "outcome"), "sent: {{outcome}}"),
                Line(per_second("capi_gateway_batches_total", "site, outcome"), "from {{site}}: {{outcome}}"),
            ),
            unit="reqps",
        ),
        Panel(
            title="Redis mirror",
            says="Sessions whose picture in Redis is behind, and writes that failed. Events do not wait for it.",
            lines=(
                Line("sum(capi_mirror_dirty)", "behind"),
                Line(per_second("capi_mirror_failed_total", ""), "failed each second"),
            ),
        ),
        Panel(
            title="A door's records on their way to Kafka",
            says="Bytes that wait. At CAPI_COLLECT_WAITING_BYTES the HTTP door answers 503.",
            lines=(Line("sum by (instance) (capi_records_waiting_bytes)", "{{instance}}"),),
            unit="bytes",
        ),
        Panel(
            title="Age at delivery, 99 %",
            says="From the event to the platform. Most of it is the time that the session held it.",
            lines=(Line(quantile(0.99, "capi_delivered_age_seconds", "platform"), "{{platform}}"),),
            unit="s",
        ),
    ),
)
PIPELINE = Dashboard(
    name="pipeline",
    title="capi-stream: pipeline",
    says="From the doors to RabbitMQ: does all flow?",
    rows=(FLOW, DOORS, SESSIONS, LAG),
)
