"""A small server of chat completions with answers set by the test."""

from __future__ import annotations

import json
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator


class LanguageModel(ThreadingHTTPServer):
    """Answers each request with the `content` that the test gives, after `delay` seconds.

    A delay ends early with `release`, or with the server.

    Attributes
    ----------
    content : str or callable
        Of the message; a callable is given the user's text.
    status : int
    body : bytes or None
        What goes out instead of a reply of chat completions.
    drip : float
        Seconds between two bytes of the body.
    asked : list of dict
        Path, key and body of every request.
    """

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.content: Any = words("LED支架", "载带")
        self.status = 200
        self.body: bytes | None = None
        self.delay = self.drip = 0.0
        self.asked: list[dict[str, Any]] = []
        self._released = threading.Event()

    @property
    def url(self) -> str:
        """The address as the setting takes it."""
        return f"http://127.0.0.1:{self.server_port}/v1"

    @property
    def texts(self) -> list[str]:
        """Messages of users in all requests."""
        return [asked["body"]["messages"][-1]["content"] for asked in self.asked]

    def release(self) -> None:
        """Answer at once from now on."""
        self._released.set()

    def wait(self, seconds: float) -> None:
        """Wait so long, or until the release."""
        self._released.wait(seconds)

    def shutdown(self) -> None:
        """Stop it."""
        self.release()
        super().shutdown()

    def handle_error(self, *_: object) -> None:
        """Say nothing of clients that have left."""


class _Handler(BaseHTTPRequestHandler):
    server: LanguageModel

    def do_POST(self) -> None:
        own = self.server
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        key = self.headers.get("Authorization")
        own.asked.append({"path": self.path, "key": key, "body": body})
        own.wait(own.delay)
        text = body["messages"][-1]["content"]
        content = own.content(text) if callable(own.content) else own.content
        reply = own.body if own.body is not None else completion(content)
        self.send_response(own.status)
        self.send_header("Content-Length", str(len(reply)))
        self.end_headers()
        if own.drip:
            for at in range(len(reply)):
                self.wfile.write(reply[at : at + 1])
                self.wfile.flush()
                own.wait(own.drip)
        else:
            self.wfile.write(reply)

    def log_message(self, *_: object) -> None:
        pass


def words(*given: object) -> str:
    """Return the configured answer."""
    return json.dumps({"words": given}, ensure_ascii=False)


def completion(content: object) -> bytes:
    """Return a reply of chat completions."""
    return json.dumps({"choices": [{"message": {"content": content}}]}).encode()


@contextmanager
def language_model() -> Iterator[LanguageModel]:
    """Start the server, and stop it afterwards."""
    server = LanguageModel()
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
