"""Inside Faust's workers: runs, transactions, rebalances, restores."""

from __future__ import annotations

from deploy.grafana.panel import WINDOW, Dashboard, Line, Panel, Row, per_second, quantiles

WORKER = "{{role}} {{instance}}"
RUNS = Row(
    "Runs",
    (
        Panel(
            title="Records a second",
            says="By topic, over all roles that read it.",
            lines=(Line(per_second("capi_run_records_sum", "role, topic"), "{{role}}: {{topic}}"),),
            unit="eps",
        ),
        Panel(
            title="Records of a run",
            says="One fetch of a partition, one transaction. Small runs cost more CPU a record.",
            lines=quantiles("capi_run_records", "topic"),
        ),
        Panel(
            title="Transactions",
            says="From its begin to its commit. Kafka aborts one after CAPI_TRANSACTION_TIMEOUT_S.",
            lines=quantiles("capi_transaction_seconds", "role"),
            unit="s",
        ),
        Panel(
            title="Commits of offsets",
            says="Of roles without transactions (dispatch).",
            lines=quantiles("capi_commit_seconds", "role"),
            unit="s",
        ),
        Panel(
            title="Behind, by partition",
            says="Offsets, as each worker sees its own. One alone: a hot session, or a broker in trouble.",
            lines=(Line("topk(20, capi_lag_records)", "{{topic}} {{partition}}"),),
        ),
        Panel(
            title="Event loop delay",
            says="How late a timer is. Above a second the worker does too much at once.",
            lines=quantiles("capi_event_loop_delay_seconds", "role"),
            unit="s",
            red=1,
        ),
    ),
)
OWNERSHIP = Row(
    "Who owns what",
    (
        Panel(
            title="Partitions",
            says="By worker, all topics together. Zero for long: more workers than CAPI_PARTITIONS.",
            lines=(Line("sum by (role, instance) (capi_partitions)", WORKER),),
        ),
        Panel(
            title="Restoring or handing over",
            says="1 while it does. Ten minutes: CapiRecoveryLong.",
            lines=(Line("max by (role, instance) (capi_rebalancing)", WORKER),),
        ),
        Panel(
            title="Rebalances within an hour",
            says="Each worker's; all of a role rise together. Many: a worker that comes and goes.",
            lines=(Line("sum by (role, instance) (increase(capi_rebalance_seconds_count[1h]))", WORKER),),
        ),
        Panel(
            title="Time of rebalances",
            says="From revocation until records flow, mean.",
            lines=(
                Line(
                    f"sum by (role) (rate(capi_rebalance_seconds_sum[{WINDOW}]))"
                    f" / sum by (role) (rate(capi_rebalance_seconds_count[{WINDOW}]))",
                    "{{role}}",
                ),
            ),
            unit="s",
        ),
        Panel(
            title="Assignments",
            says="Deciding who owns what, at the group's leader.",
            lines=quantiles("capi_assignment_seconds", "role"),
            unit="s",
        ),
        Panel(
            title="Records read back",
            says="From changelogs, each second, while restoring.",
            lines=(Line(per_second("capi_restored_records_total", "table"), "{{table}}"),),
            unit="eps",
        ),
    ),
)
STATE = Row(
    "State",
    (
        Panel(
            title="Keys of tables",
            says="Over all workers.",
            lines=(Line("sum by (table) (capi_table_keys)", "{{table}}"),),
        ),
        Panel(
            title="Time to restore a table",
            says="The longest are those after a worker died.",
            lines=quantiles("capi_restore_seconds", "table"),
            unit="s",
        ),
        Panel(
            title="Events that the ledger remembers",
            says="CAPI_LEDGER_EVENTS bounds them.",
            lines=(Line("sum(capi_ledger_events)", "events"),),
        ),
        Panel(
            title="State that nobody of us wrote",
            says="Records of changelogs, which capi.rejects has, and of the topic of the erased. Zero is good.",
            lines=(
                Line("sum by (table) (capi_restore_refused_total)", "{{table}}"),
                Line("sum(capi_tombstones_refused_total)", "tombstones"),
            ),
            red=1,
        ),
        Panel(
            title="Memory",
            says="Resident, by process.",
            lines=(Line('process_resident_memory_bytes{job=~"capi-.+"}', WORKER),),
            unit="bytes",
        ),
        Panel(
            title="CPU",
            says="Cores, by process: 1 is the most that an event loop has.",
            lines=(Line(f'rate(process_cpu_seconds_total{{job=~"capi-.+"}}[{WINDOW}])', WORKER),),
            red=0.9,
        ),
        Panel(
            title="Open files",
            says="Descriptors, by process.",
            lines=(Line('process_open_fds{job=~"capi-.+"}', WORKER),),
        ),
    ),
)
WORKERS = Dashboard(
    name="workers",
    title="capi-stream: Faust's workers",
    says="Inside Faust's workers: runs, transactions, rebalances, restores.",
    rows=(RUNS, OWNERSHIP, STATE),
)
