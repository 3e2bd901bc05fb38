"""Ray as an executor, where the extra `cluster` is installed: on this machine, or on a cluster.

Ray begins a task again whose worker or node is lost. Every node has to see the workspace under the
same path, and to have the same version of Lianzhao installed.
"""

from __future__ import annotations

import logging
import os
import socket
import warnings
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from features.errors import UnavailableError, UsageError
from models.executors import ATTEMPTS, Executor, lost

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from models.executors import Pending

log = logging.getLogger(__name__)

T = TypeVar("T")
R = TypeVar("R")

OLDEST, BEFORE = (2, 60), (3,)
INSTALL = "pip install 'lianzhao[cluster]'"
_CONNECT_SECONDS = 5.0
_SETTINGS = b"\x04"
_HTTP_2 = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\x00\x00\x00" + _SETTINGS + b"\x00" * 5
"""How a gRPC connection begins (RFC 9113, 3.4), which the peer answers with its settings: of
another peer Ray would wait for minutes."""


class RayCluster(Executor):
    """Workers of Ray.

    Parameters
    ----------
    address : str, optional
        `host:port` of a running cluster; by default one of this machine alone is started, which
        ends with the executor.

    Raises
    ------
    UnavailableError
        When Ray is not installed, or in another version than works here, or when nobody answers at
        the address.
    UsageError
        When the address is none.
    """

    def __init__(self, address: str | None = None) -> None:
        check_installed()
        if address is not None:
            check_answered(address)
        # Ray sends usage statistics by default.
        os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
        os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of Ray's own
            self._ray: Any = import_module("ray")  # typed or not, installed or not
            worker: Any = import_module("ray._private.worker")
            worker.print_to_stdstream = _log  # on stdout, where it would print, answers go
            self._own = not self._ray.is_initialized()
            if self._own:
                self._connect(address)
        self.workers = max(int(self._ray.cluster_resources().get("CPU", 1)), 1)
        self._remote: dict[Callable[..., Any], Any] = {}

    def _connect(self, address: str | None) -> None:
        more = {} if address else {"include_dashboard": False}
        try:
            self._ray.init(
                address=address, log_to_driver=False, logging_level=logging.ERROR, **more
            )
        except (ConnectionError, RuntimeError, ValueError) as error:
            raise UnavailableError(
                f"Ray does not start or cannot be reached: {_first_line(error)}",
                field="address",
                got=address,
                expected="a running cluster of the same version of Ray and Python",
            ) from error

    def submit(self, work: Callable[[T], R], task: T) -> Pending[R]:
        """Hand out a task."""
        if work not in self._remote:
            self._remote[work] = self._ray.remote(num_cpus=1, max_retries=ATTEMPTS - 1)(work)
        return _Remote(self._ray, self._remote[work].remote(task))

    def close(self) -> None:
        """Leave the cluster; end one that was started here."""
        if self._own:
            self._ray.shutdown()


class _Remote(Generic[R]):
    def __init__(self, ray: Any, reference: Any) -> None:
        self._ray, self._reference = ray, reference

    def result(self) -> R:
        errors = self._ray.exceptions
        try:
            found: R = self._ray.get(self._reference)
        except errors.RayTaskError as error:
            raise (error.cause or error) from None
        except (
            errors.WorkerCrashedError,
            errors.NodeDiedError,
            errors.OutOfMemoryError,
            errors.LocalRayletDiedError,
        ) as error:
            raise lost(ATTEMPTS) from error
        except errors.RayError as error:
            raise UnavailableError(f"the cluster does not answer: {_first_line(error)}") from error
        return found


def check_installed() -> None:
    """Refuse to go on where Ray is not there, or in another version than works here."""
    try:
        found = version("ray")
    except PackageNotFoundError as error:
        raise UnavailableError(
            f"--engine ray needs Ray, which is not installed: {INSTALL}",
            field="engine",
            got="ray",
            expected=INSTALL,
        ) from error
    numbers = tuple(int(part) for part in found.split(".")[:2] if part.isdigit())
    if not OLDEST <= numbers < BEFORE:
        expected = f"Ray {'.'.join(map(str, OLDEST))} or later, before {BEFORE[0]}"
        raise UnavailableError(
            f"--engine ray needs {expected}, installed is {found}: {INSTALL}",
            field="engine",
            got=found,
            expected=expected,
        )


def check_answered(address: str) -> None:
    """Refuse an invalid address, or one that does not answer within some seconds."""
    host, _, port = address.rpartition(":")
    if not host or not port.isdigit() or "/" in host:
        raise UsageError(
            f"--address must be host:port of a running cluster, got {address}",
            field="address",
            got=address,
            expected="host:port, such as 10.0.0.5:6379",
        )
    try:
        with socket.create_connection((host.strip("[]"), int(port)), _CONNECT_SECONDS) as peer:
            peer.settimeout(_CONNECT_SECONDS)
            peer.sendall(_HTTP_2)
            told = peer.recv(9)
    except (OSError, OverflowError) as error:
        raise UnavailableError(
            f"nobody answers at --address {address}: {error}",
            field="address",
            got=address,
            expected="the address that `ray start --head` has printed",
        ) from error
    if told[3:4] != _SETTINGS:
        raise UnavailableError(
            f"what answers at --address {address} is not a Ray cluster",
            field="address",
            got=address,
            expected="the address that `ray start --head` has printed",
        )


def _log(told: Mapping[str, Any], **_: object) -> None:
    """Log the state of Ray's nodes."""
    for line in told["lines"]:
        log.warning("ray: %s", str(line).splitlines()[0])


def _first_line(error: BaseException) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0]
