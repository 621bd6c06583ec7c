"""A Redis of the fault tests' own; Kafka and RabbitMQ are the running stack's."""

from __future__ import annotations

import os
import signal
from pathlib import Path

from redis import Redis

from tests.faults.private import PrivateService, free_ports

MEMORY_MB = 256
FULL_BYTES = 1  # less than it uses already: every command that needs memory is refused
ANSWER_S = 5.0
# One step, so that nobody sees half of it. ARGV: begin of the keys that stay.
FORGET = """
local gone = 0
for _, key in ipairs(redis.call('KEYS', '*')) do
  if string.sub(key, 1, #ARGV[1]) ~= ARGV[1] then gone = gone + redis.call('DEL', key) end
end
return gone
"""


class PrivateRedis(PrivateService):
    """On a free port; `url` is its CAPI_REDIS_URL. Redis writes an answered command to its file: kill -9 of it
    loses none."""

    def __init__(self, folder: Path) -> None:
        self.port = free_ports()
        self.url = f"redis://127.0.0.1:{self.port}/0"
        addresses = {"CAPI_REDIS_URL": self.url, "CAPI_STACK_REDIS_MEMORY_MB": str(MEMORY_MB)}
        super().__init__(folder, "redis", f"redis-server 127.0.0.1:{self.port}", addresses)

    def freeze(self, on: bool) -> None:
        """SIGSTOP: it takes connections and answers nothing; SIGCONT ends that."""
        for pid in self.pids():
            os.kill(pid, signal.SIGSTOP if on else signal.SIGCONT)

    def fill(self, on: bool) -> None:
        """Over its memory limit, and it evicts nothing."""
        with self._client() as redis:
            redis.config_set("maxmemory", FULL_BYTES if on else f"{MEMORY_MB}mb")

    def forget(self, but: str) -> int:
        """FLUSHALL, save the keys that begin with `but`; how many keys went."""
        with self._client() as redis:
            gone: int = redis.eval(FORGET, 0, but)
        return gone

    def _client(self) -> Redis:
        return Redis.from_url(self.url, socket_timeout=ANSWER_S)

    def _is_ours(self, command: str) -> bool:
        return self._program in command  # Redis writes its address there in place of our folder
