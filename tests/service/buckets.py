"""A real S3-compatible server (moto) in a process of its own, for tests of the store."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from contextlib import contextmanager, suppress

KEYS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_REGION": "us-east-1"}
_SECONDS = 60


class Buckets:
    """The server; `stop` and `start` keep its address, and lose what was stored."""

    def __init__(self):
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        self.endpoint = f"http://127.0.0.1:{self.port}"
        self._process = None

    def start(self):
        arguments = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(self.port)]
        self._process = subprocess.Popen(
            arguments, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=os.environ | KEYS
        )
        ends = time.monotonic() + _SECONDS
        while True:
            with suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 1):
                return
            assert time.monotonic() < ends, "the server did not start"
            time.sleep(0.05)

    def stop(self):
        self._process.kill()
        self._process.wait()

    def pause(self):
        """Take connections, and answer none."""
        self._process.send_signal(signal.SIGSTOP)

    def go_on(self):
        self._process.send_signal(signal.SIGCONT)

    def bucket(self, name):
        """Make a bucket and return its URL."""
        made = urllib.request.Request(f"{self.endpoint}/{name}", method="PUT")
        urllib.request.urlopen(made).close()
        return f"s3://{name}/lianzhao"


@contextmanager
def buckets(monkeypatch):
    """Start a server, and let stores find it."""
    server = Buckets()
    for name, value in (KEYS | {"AWS_ENDPOINT_URL": server.endpoint}).items():
        monkeypatch.setenv(name, value)
    server.start()
    try:
        yield server
    finally:
        server.stop()
