"""How good the events are for the platforms."""

from __future__ import annotations

from deploy.grafana.panel import WINDOW, Dashboard, Line, Panel, Row, per_second, quantile

SCORES = Row(
    "Match",
    (
        Panel(
            title="Match score, median",
            says="Estimated before sending, 0 to 10. `capi quality` says what would raise it.",
            lines=(Line(quantile(0.5, "capi_match_score", "tenant, platform"), "{{tenant}} {{platform}}"),),
        ),
        Panel(
            title="Match score, lowest tenth",
            says="A tenth of the jobs has less than this.",
            lines=(Line(quantile(0.1, "capi_match_score", "tenant, platform"), "{{tenant}} {{platform}}"),),
        ),
        Panel(
            title="Jobs scored",
            says="How many the scores stand for.",
            lines=(Line(per_second("capi_match_score_count", "tenant, platform"), "{{tenant}} {{platform}}"),),
            unit="eps",
        ),
    ),
)
FIELDS = Row(
    "Fields",
    (
        Panel(
            title="Dropped at the door",
            says="Fields that could not be used, as addresses that are none. The event goes on without.",
            lines=(
                Line(
                    f"topk(10, {per_second('capi_fields_dropped_total', 'tenant, field, reason')})",
                    "{{tenant}}: {{field}}, {{reason}}",
                ),
            ),
            unit="eps",
        ),
        Panel(
            title="Left out of jobs, or missed in them",
            says="What a platform wants or does not take.",
            lines=(
                Line(
                    f"topk(10, {per_second('capi_job_warnings_total', 'tenant, platform, field')})",
                    "{{tenant}} {{platform}}: {{field}}",
                ),
            ),
            unit="eps",
        ),
        Panel(
            title="Not sent: the platform would refuse them",
            says="Found before sending; capi.rejects has each.",
            lines=(
                Line(
                    per_second("capi_jobs_refused_total", "tenant, platform, reason"),
                    "{{tenant}} {{platform}}: {{reason}}",
                ),
            ),
            unit="eps",
        ),
    ),
)
MEMORY = Row(
    "Returning visitors",
    (
        Panel(
            title="Known again",
            says="Events that left with what an earlier visit told, as a part of all that left.",
            lines=(
                Line(
                    f"sum by (tenant) (rate(capi_recalls_used_total[{WINDOW}]))"
                    f" / sum by (tenant) (rate(capi_events_flushed_total[{WINDOW}]))",
                    "{{tenant}}",
                ),
            ),
            unit="percentunit",
        ),
        Panel(
            title="Questions to the memory",
            says="Sessions ask once for each visitor that they see.",
            lines=(Line(per_second("capi_recalls_asked_total", "tenant"), "{{tenant}}"),),
            unit="eps",
        ),
        Panel(
            title="What the memory was told and did",
            says="Lessons, answers, and what it forgot.",
            lines=(Line(per_second("capi_visitors_total", "what"), "{{what}}"),),
            unit="eps",
        ),
        Panel(
            title="Visitors remembered",
            says="0.75 GB of memory for each million, over all workers.",
            lines=(Line("sum(capi_visitors_stored)", "visitors"),),
        ),
        Panel(
            title="Doors: refused requests",
            says="Requests to the HTTP door that were refused as a whole, by code.",
            lines=(Line(per_second("capi_collect_problems_total", "code"), "{{code}}"),),
            unit="reqps",
        ),
        Panel(
            title="Doors: connections",
            says="Open ones, and those that were turned away.",
            lines=(
                Line("sum(capi_collect_connections)", "open"),
                Line(per_second("capi_collect_turned_away_total", "reason"), "turned away: {{reason}}"),
            ),
        ),
    ),
)
QUALITY = Dashboard(
    name="quality",
    title="capi-stream: quality",
    says="How good the events are for the platforms.",
    rows=(SCORES, FIELDS, MEMORY),
)
