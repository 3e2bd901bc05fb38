"""Servers to be killed: Redis, as the system has it, else the one that is carried; PostgreSQL."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path

import sqlalchemy as sa

from service.cache.embedded import _binary


class RedisServer:
    """Started and killed as often as a test likes, always on the same port."""

    def __init__(self, folder: Path, *options: str) -> None:
        self.folder = folder
        self.options = options
        self.port = 0
        while not 0 < self.port < 55_000:  # a cluster's second port is 10,000 higher
            with socket.create_server(("127.0.0.1", 0)) as probe:
                self.port = probe.getsockname()[1]
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def start(self) -> None:
        port = [] if "--tls-port" in self.options else ["--port", str(self.port)]
        options = [option.replace("{port}", str(self.port)) for option in self.options]
        binary = shutil.which("redis-server") or _binary()
        self.process = subprocess.Popen(
            [binary, *port, "--bind", "127.0.0.1", "--save", "", "--dir", self.folder, *options],
            stdout=subprocess.DEVNULL,
        )
        ends = time.monotonic() + 60
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
            except OSError:
                assert time.monotonic() < ends
                time.sleep(0.01)
            else:
                return

    def kill(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None


class Postgres:
    """A private cluster; `fresh` makes a database of its own for a test.

    Raises
    ------
    FileNotFoundError
        When no PostgreSQL server is installed here.
    """

    def __init__(self) -> None:
        found = sorted(Path("/usr/lib/postgresql").glob("*/bin/pg_ctl"))
        if not found:
            raise FileNotFoundError("no PostgreSQL server is installed here")
        # It refuses to run as root.
        user = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
        made = subprocess.check_output([*user, "mktemp", "-d"], text=True, cwd="/")
        self.folder = Path(made.strip())
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.server = f"postgresql://postgres@127.0.0.1:{probe.getsockname()[1]}"
        port = self.server.rpartition(":")[2]
        data, log = self.folder / "data", self.folder / "log"
        self._control = [*user, str(found[-1]), "-D", str(data), "-w", "-l", str(log)]
        self._run("initdb", "-o", "-A trust -N -U postgres")
        sockets = f"-c unix_socket_directories={self.folder}"
        self._control += ["-o", f"-p {port} -c listen_addresses=127.0.0.1 {sockets}"]
        self.start()
        self._made = 0

    def start(self) -> None:
        self._run("start")

    def stop(self, mode: str) -> None:
        """Stop the server: `fast` aborts running transactions, `immediate` is like a kill."""
        self._run("stop", "-m", mode)

    def freeze(self) -> None:
        """Let all its processes stand still: connections stay, and nothing is answered."""
        for pid in self._processes():
            os.kill(pid, signal.SIGSTOP)

    def thaw(self) -> None:
        """Let them go on."""
        for pid in self._processes():
            os.kill(pid, signal.SIGCONT)

    def _processes(self) -> list[int]:
        first = int((self.folder / "data" / "postmaster.pid").read_text().split()[0])
        children = Path(f"/proc/{first}/task/{first}/children").read_text().split()
        return [first, *map(int, children)]

    def remove(self) -> None:
        """End it and all that it holds."""
        self.stop("immediate")
        shutil.rmtree(self.folder, ignore_errors=True)

    def fresh(self) -> str:
        """Return the address of a new database."""
        self._made += 1
        server = self.server.replace("postgresql:", "postgresql+psycopg:")
        engine = sa.create_engine(f"{server}/postgres", isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.execute(sa.text(f"CREATE DATABASE fresh{self._made}"))
        engine.dispose()
        return f"{self.server}/fresh{self._made}"

    def _run(self, *command: str) -> None:
        arguments = [*self._control, *command]
        subprocess.run(arguments, check=True, stdout=subprocess.DEVNULL, cwd="/")
