"""RabbitMQ at the speed of the log: many confirmed messages in one write, and consuming by prefetch."""

from sinks.rabbit.publisher import Message, Publisher, PublishError

__all__ = ["Message", "PublishError", "Publisher"]
