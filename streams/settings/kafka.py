"""Settings: Kafka, workers, and the Redis mirror."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings


class KafkaSettings(BaseSettings):
    """Kafka, workers and the mirror of open sessions."""

    partitions: int = Field(
        4, ge=1, description="Partitions of every session topic; changing it later is a migration."
    )
    replication: int = Field(1, ge=1, description="Replication factor of the topics (3 in production).")
    run_records: int = Field(1000, ge=1, description="Most records in one run, so in one Kafka transaction.")
    run_buffer: int = Field(8, ge=1, description="Runs read ahead per partition; bounds memory.")
    session_timeout_s: float = Field(30, gt=0, description="Kafka group session time-out of the workers, seconds.")
    transaction_timeout_s: float = Field(
        30, gt=0, description="Kafka aborts a transaction that is open longer, seconds."
    )
    stall_s: float = Field(
        60,
        gt=0,
        description="A worker with a partition that has records and does not move for so long ends, seconds.",
    )
    web_host: str = Field("127.0.0.1", description="Address that a Faust worker's web views listen on.")
    web_port: int = Field(
        6066, ge=0, le=65535, description="Port of a Faust worker's web views; 0 turns them off."
    )
    state_dir: Path = Field(Path(".stack/state"), description="Folder for a worker's own small files.")
    mirror: bool = Field(True, description="Whether open sessions are mirrored to Redis.")
    redis_timeout_s: float = Field(0.25, gt=0, description="Longest wait for one Redis answer, seconds.")
