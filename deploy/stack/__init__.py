"""Kafka, RabbitMQ and Redis for one machine: `python -m deploy.stack up|down|status|env`."""
