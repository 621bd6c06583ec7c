"""The way to the central site: batches over HTTPS, each until the centre has it.

verdict.py   what an answer of the centre means; pure
client.py    POSTs with retries
links.py     connections, by the certificates as they are on disk now
tls.py       TLS of both sides
greeting.py  asks the centre who this site is there
taken.py     at the centre: which batches were taken already
"""

from sinks.gateway.client import Gateway
from sinks.gateway.verdict import Refusal

__all__ = ["Gateway", "Refusal"]
