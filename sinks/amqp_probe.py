"""Asks RabbitMQ for its version over AMQP, as the roles reach it."""

from __future__ import annotations

import asyncio

import aio_pika
from aio_pika.exceptions import AMQPError


class AmqpProbeError(Exception):
    """RabbitMQ refused or does not answer; the message says why, without the URL's password."""


async def amqp_alive(url: str, within_s: float) -> None:
    """Connect and open a channel in the URL's virtual host. Raises AmqpProbeError."""
    try:
        async with asyncio.timeout(within_s):
            async with await aio_pika.connect(url) as connection:
                await connection.channel()
    except TimeoutError as error:
        raise AmqpProbeError(f"no answer in {within_s:g} s") from error
    except (AMQPError, OSError) as error:
        raise AmqpProbeError(type(error).__name__) from error
