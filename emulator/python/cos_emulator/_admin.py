"""The admin interface of a running emulator."""

from __future__ import annotations

import http.client
import json
from typing import Any, Mapping, Optional

# Seconds in which it answers, however busy the machine is.
PATIENCE = 60


class EmulatorError(Exception):
    """The program could not be started, or has refused what it was asked for."""


class Admin:
    """Requests are not logged, no fault strikes them, and no proxy of the environment is asked."""

    def __init__(self, host: str, port: int) -> None:
        self._place = (host, port)

    def send(
        self, method: str, what: str, content: Optional[bytes] = None, headers: Optional[Mapping[str, str]] = None,
    ) -> bytes:
        """Returns the content of the reply."""
        connection = http.client.HTTPConnection(*self._place, timeout=PATIENCE)
        try:
            encoded = {name: value.encode("utf-8") for name, value in (headers or {}).items()}
            connection.request(method, "/_emulator/" + what, content, encoded)
            reply = connection.getresponse()
            body = reply.read()
        except (OSError, http.client.HTTPException) as error:
            raise EmulatorError(f"no answer from the emulator at port {self._place[1]}: {error}") from error
        finally:
            connection.close()
        if reply.status >= 300:
            raise EmulatorError(_reason(reply.status, body))
        return body

    def json(self, method: str, what: str, value: object = None) -> Any:
        """Sends and returns what can be written as JSON."""
        content = None if value is None else json.dumps(value).encode()
        return json.loads(self.send(method, what, content))


def _reason(status: int, body: bytes) -> str:
    """Why it refuses. What can't be read as HTTP is refused without words."""
    try:
        return str(json.loads(body)["error"])
    except ValueError:
        return f"the emulator refuses the request with status {status}"
