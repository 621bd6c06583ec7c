"""From RabbitMQ to the platforms, by pixel."""

from __future__ import annotations

from deploy.grafana.panel import Dashboard, Line, Panel, Row, per_second, quantiles

PIXEL = "{{platform}} {{pixel}}"
LANES = Row(
    "Pixels",
    (
        Panel(
            title="Not open",
            says="Pixels that are stopped, failing, throttled or paused, and at how many workers. Empty is good.",
            lines=(Line('sum by (platform, pixel, state) (capi_lane_state{state!="open"}) > 0'),),
            kind="table",
        ),
        Panel(
            title="Tests",
            says="Pixels whose events go out as tests, which count for nothing. Empty is good.",
            lines=(Line("max by (platform, pixel) (capi_lane_test_code) == 1"),),
            kind="table",
        ),
        Panel(
            title="Alarms",
            says="How often a pixel closed within a day.",
            lines=(Line("sum by (platform, pixel) (increase(capi_lane_alarms_total[1d])) > 0", PIXEL),),
            kind="table",
        ),
        Panel(
            title="Delivered",
            says="Jobs that the platform took, by pixel.",
            lines=(Line(per_second("capi_jobs_total", "platform, pixel", '{class="delivered"}'), PIXEL),),
            unit="eps",
            stacked=True,
        ),
        Panel(
            title="Not delivered, by what came of them",
            says="invalid: the event is refused. transient, throttled: tried again. misconfigured: its token.",
            lines=(
                Line(
                    per_second("capi_jobs_total", "platform, class, move", '{class!~"delivered|duplicate"}'),
                    "{{platform}}: {{class}}, {{move}}",
                ),
            ),
            unit="eps",
        ),
        Panel(
            title="POSTs a second that a pixel may make",
            says="After a throttle the rate is halved and grows again. Pixels without a limit are not shown.",
            lines=(Line("min by (platform, pixel) (capi_lane_rate < +Inf)", PIXEL),),
            unit="reqps",
        ),
    ),
)
POSTS = Row(
    "POSTs",
    (
        Panel(
            title="POSTs by what came of them",
            says="Answers by class.",
            lines=(Line(per_second("capi_posts_total", "platform, class"), "{{platform}}: {{class}}"),),
            unit="reqps",
            stacked=True,
        ),
        Panel(
            title="Time of a POST",
            says="As seen from here. Slow pixels give way to others.",
            lines=quantiles("capi_post_seconds", "platform"),
            unit="s",
        ),
        Panel(
            title="Events in a POST",
            says="Larger is cheaper; CAPI_POST_EVENTS and CAPI_POST_WAIT_S decide.",
            lines=quantiles("capi_post_events", "platform"),
        ),
        Panel(
            title="Counted less than sent",
            says="Events that an answer did not count, within an hour.",
            lines=(Line("sum by (platform, pixel) (increase(capi_reconciliation_gap_total[1h]))", PIXEL),),
            red=1,
        ),
        Panel(
            title="Another API version answers",
            says="1: set CAPI_META_VERSION to what answers, after reading its changes.",
            lines=(Line("max by (platform) (capi_platform_other_version)", "{{platform}}"),),
            red=1,
        ),
        Panel(
            title="Outcomes that Kafka did not get",
            says="The ledger and capi replay do not know of them.",
            lines=(Line(per_second("capi_outcomes_dropped_total", "instance"), "{{instance}}"),),
            unit="eps",
        ),
    ),
)
QUEUES = Row(
    "Queues",
    (
        Panel(
            title="Work queues and rungs",
            says="Jobs that wait. Rungs are later attempts: 5 min, 15 min, 1 h, 6 h.",
            lines=(
                Line(
                    'max by (queue) (capi_queue_messages{queue=~".+_queue|retry_.+", state="ready"})', "{{queue}}"
                ),
            ),
            stacked=True,
        ),
        Panel(
            title="Given up",
            says="capi_parked: see `capi dead ls`. capi_unrouted: no queue was bound; run `capi queues plan`.",
            lines=(Line('max by (queue) (capi_queue_messages{queue=~"capi_.+", state="ready"})', "{{queue}}"),),
        ),
        Panel(
            title="Dead-lettered and not confirmed",
            says="Jobs that do not get out of their queue: RabbitMQ tries again, see CapiDeadLettersStuck.",
            lines=(Line('max by (queue) (capi_queue_messages{state="leaving"})', "{{queue}}"),),
            red=1,
        ),
        Panel(
            title="In hand",
            says="Jobs that workers hold, CAPI_PREFETCH each at most.",
            lines=(Line("sum by (queue) (capi_jobs_unacked)", "{{queue}}"),),
        ),
        Panel(
            title="Oldest event in hand",
            says="Its age, by queue. At 7 days the platforms refuse it.",
            lines=(Line("max by (queue) (capi_jobs_oldest_age_seconds)", "{{queue}}"),),
            unit="s",
            red=604_800,
        ),
        Panel(
            title="Age when put on a rung",
            says="How old events are that have to wait again.",
            lines=quantiles("capi_postponed_age_seconds", "platform, pixel"),
            unit="s",
            red=518_400,
        ),
        Panel(
            title="Redis left out",
            says="Jobs for which Redis could not be asked or told what was delivered: duplicates are possible.",
            lines=(Line(per_second("capi_delivered_unasked_total", "what"), "{{what}}"),),
            unit="eps",
        ),
        Panel(
            title="Odd messages and late acks",
            says="Messages that were no job, and acks whose connection was gone: those jobs come again.",
            lines=(
                Line(per_second("capi_jobs_unreadable_total", "queue"), "no job: {{queue}}"),
                Line(per_second("capi_late_acks_total", ""), "late acks"),
            ),
            unit="eps",
        ),
        Panel(
            title="Age at delivery",
            says="From the event to the platform's answer.",
            lines=quantiles("capi_delivered_age_seconds", "platform"),
            unit="s",
        ),
    ),
)
DELIVERY = Dashboard(
    name="delivery",
    title="capi-stream: delivery",
    says="From RabbitMQ to the platforms, by pixel.",
    rows=(LANES, POSTS, QUEUES),
)
