"""How Faust and the transactional producers are set up, and why not by their defaults."""

from __future__ import annotations

from typing import Any

from aiokafka import AIOKafkaProducer

from streams.log import logging_config
from streams.runs.recovery import RunTableManager
from streams.runs.table import RunTable
from streams.settings import Settings


def transactional_producer(settings: Settings, transactional_id: str) -> AIOKafkaProducer:
    return AIOKafkaProducer(
        bootstrap_servers=settings.kafka_servers,
        transactional_id=transactional_id,
        transaction_timeout_ms=int(settings.transaction_timeout_s * 1000),
        max_batch_size=524_288,
        # Kafka answers NOT_ENOUGH_REPLICAS for a moment after a transaction's end; the default waits 100 ms
        retry_backoff_ms=10,
    )


def faust_settings(settings: Settings, role: str) -> dict[str, Any]:
    """Faust's own settings, each because FAUST's default loses, stalls or opens something."""
    settings.state_dir.mkdir(parents=True, exist_ok=True)  # Faust makes the last folder only
    return {
        "broker": [f"kafka://{server}" for server in settings.kafka_servers],
        "store": "memory://",
        "TableManager": RunTableManager,
        "Table": RunTable,
        "topic_partitions": settings.partitions,
        "topic_replication_factor": settings.replication,
        "topic_allow_declare": False,  # topics are `capi topics apply`'s
        "topic_disable_leader": True,
        "table_standby_replicas": 0,
        "stream_buffer_maxsize": settings.run_buffer,  # counts runs
        "broker_max_poll_records": settings.run_records,
        "broker_session_timeout": settings.session_timeout_s,
        "broker_heartbeat_interval": settings.session_timeout_s / 6,
        "broker_rebalance_timeout": max(30.0, settings.session_timeout_s),
        "broker_request_timeout": max(60.0, settings.session_timeout_s),
        "broker_commit_interval": 1.0,
        "producer_request_timeout": 30.0,
        "consumer_auto_offset_reset": "earliest",
        "logging_config": logging_config(settings, role),
        "worker_redirect_stdouts": False,  # structlog writes its own lines
        "web_bind": settings.web_host,
        "web_host": settings.web_host,
        "web_port": settings.web_port or 6066,
        "web_tables_enabled": False,
        "web_router_enabled": False,
        "datadir": str(settings.state_dir),
    }
