"""Makes one RabbitMQ virtual host equal to its definitions, by the management API. Idempotent, deletes nothing."""

from __future__ import annotations

from types import TracebackType
from typing import Any, Protocol, Self
from urllib.parse import quote, unquote, urlsplit

import httpx

Definitions = dict[str, list[dict[str, Any]]]
TIMEOUT_S = 5.0


class RabbitAdminError(Exception):
    """RabbitMQ's management API cannot be reached or refused; the message says what to do."""


class Address(Protocol):
    """The part of the settings that says where RabbitMQ is."""

    @property
    def rabbitmq_url(self) -> str: ...

    @property
    def rabbitmq_management_url(self) -> str: ...


def vhost_of(rabbitmq_url: str) -> str:
    """`amqp://host/` is virtual host `/`, `amqp://host/shop` is `shop`, `amqp://host/%2Fx` is `/x`."""
    return unquote(urlsplit(rabbitmq_url).path.removeprefix("/")) or "/"


class RabbitAdmin:
    """The management API, as user and virtual host of `CAPI_RABBITMQ_URL`. Use as a context manager.

    Every method raises RabbitAdminError.
    """

    def __init__(self, address: Address, timeout_s: float = TIMEOUT_S) -> None:
        url = urlsplit(address.rabbitmq_url)
        self.vhost = vhost_of(address.rabbitmq_url)
        self.where = address.rabbitmq_management_url
        self._user = unquote(url.username or "guest")
        self._client = httpx.Client(
            base_url=self.where, auth=(self._user, unquote(url.password or "guest")), timeout=timeout_s
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._client.close()

    def versions(self) -> dict[str, str]:
        """`rabbitmq_version`, `erlang_version` and the rest of the overview's strings."""
        return {key: value for key, value in self._ask("GET", "/api/overview").items() if isinstance(value, str)}

    def definitions(self) -> Definitions | None:
        """What the virtual host holds; None when there is no such virtual host."""
        answer = self._send("GET", f"/api/definitions/{self._quoted}", None)
        if answer.is_error and "vhost_not_found" in answer.text:
            return None
        found: Definitions = self._checked(answer).json()
        return found

    def message_counts(self) -> dict[str, int]:
        """Messages per queue, as of the broker's last sample (up to 5 s old)."""
        queues = self._ask("GET", f"/api/queues/{self._quoted}")
        return {queue["name"]: queue.get("messages", 0) for queue in queues}

    def depths(self) -> dict[str, tuple[int, int, int]]:
        """Messages ready, unacknowledged, and dead-lettered without a confirm per queue, as of the same sample."""
        queues = self._ask("GET", f"/api/queues/{self._quoted}")
        return {
            queue["name"]: tuple(queue.get(f"messages_{state}", 0) for state in ("ready", "unacknowledged", "dlx"))
            for queue in queues
        }

    def import_definitions(self, wanted: Definitions) -> None:
        """Make the virtual host if there is none, then add or change what `wanted` lists."""
        if self.definitions() is None:
            self._ask("PUT", f"/api/vhosts/{self._quoted}", {})
            allowed = {"configure": ".*", "write": ".*", "read": ".*"}
            self._ask("PUT", f"/api/permissions/{self._quoted}/{quote(self._user, safe='')}", allowed)
        self._ask("POST", f"/api/definitions/{self._quoted}", wanted)

    def delete_vhost(self) -> None:
        """Remove the virtual host with everything in it: for tests and the demo. Never the default one."""
        if self.vhost == "/":
            raise RabbitAdminError("the default virtual host is never deleted")
        self._ask("DELETE", f"/api/vhosts/{self._quoted}")

    @property
    def _quoted(self) -> str:
        return quote(self.vhost, safe="")

    def _ask(self, method: str, path: str, body: Any = None) -> Any:
        answer = self._checked(self._send(method, path, body))
        return answer.json() if answer.content else None

    def _send(self, method: str, path: str, body: Any) -> httpx.Response:
        try:
            return self._client.request(method, path, json=body)
        except httpx.HTTPError as error:
            raise RabbitAdminError(
                f"RabbitMQ's management API does not answer at {self.where} (CAPI_RABBITMQ_MANAGEMENT_URL): "
                "start it with `make up`, enable the plugin rabbitmq_management, or correct the address"
            ) from error

    def _checked(self, answer: httpx.Response) -> httpx.Response:
        if answer.status_code == 401:
            raise RabbitAdminError(
                f"RabbitMQ at {self.where} does not know the user of CAPI_RABBITMQ_URL or its password, "
                "or the user lacks the tag `administrator`"
            )
        if answer.is_error:
            why = answer.text[:300]
            raise RabbitAdminError(f"RabbitMQ at {self.where} refused ({answer.status_code}): {why}")
        return answer
