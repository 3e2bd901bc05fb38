"""Shards as deployments of Ray Serve, where the extra `cluster` is installed.

Each replica of a shard is an application of its own, which Ray Serve places on a node of the
cluster and starts again when it is lost; the service chooses which one answers
(`models.shards.shard_hosts`). Every node has to see the workspace under the same path, and to have
the same version of Lianzhao.
"""

from __future__ import annotations

import logging
import warnings
from importlib import import_module
from itertools import chain
from typing import TYPE_CHECKING, Any, TypeVar

from threadpoolctl import threadpool_limits

from features.errors import UnavailableError
from features.version import installed_version
from models.ray_cluster import INSTALL, RayCluster, check_installed
from models.shards.shard_hosts import HostLostError, HostReply, ShardHost
from models.storage.artifact import FORMAT

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")

_QUIET = {"log_level": "ERROR", "enable_access_log": False}
_LOOK_SECONDS = 2.0
"""Interval of the checks of a replica, which is started again if it is lost."""
_ONGOING = 16
"""Requests that wait at a replica; further ones wait at the service."""


class ShardReplica:
    """The process of a replica of a shard."""

    def __init__(self) -> None:
        threadpool_limits(1, user_api="blas")

    def work(self, work: Callable[[T], Any], task: T) -> Any:
        """Do the work of a host."""
        return work(task)


class RayHost(ShardHost):
    """A deployment of Ray Serve.

    Parameters
    ----------
    handle
        Of the application.
    """

    def __init__(self, handle: Any) -> None:
        self._handle = handle

    def submit(self, work: Callable[[T], Any], task: T) -> HostReply:
        """Submit a request."""
        return _ReplicaReply(self._handle.work.remote(work, task))

    def close(self) -> None:
        """Leave it running: other services may use it."""


class _ReplicaReply(HostReply):
    def __init__(self, response: Any) -> None:
        self._response = response

    def result(self, seconds: float) -> Any:
        errors: Any = import_module("ray.exceptions")
        of_serve: Any = import_module("ray.serve.exceptions")
        try:
            return self._response.result(timeout_s=seconds)
        except TimeoutError:  # some of Ray's errors are one
            raise
        except errors.RayTaskError as error:
            raise (error.cause or error) from None
        except (errors.RayError, of_serve.RayServeException) as error:
            raise HostLostError(f"its replica does not answer: {type(error).__name__}") from error

    def cancel(self) -> None:
        self._response.cancel()


class ShardDeployments:
    """The deployments of all shards; existing ones are shared.

    Parameters
    ----------
    address : str or None
        See `RayCluster`.
    count : int
        Shards.
    replicas : int
        Of each.

    Attributes
    ----------
    hosts : list of lists of RayHost
        For each shard, its replicas.

    Raises
    ------
    UnavailableError, UsageError
        See `RayCluster`; and when Ray Serve is not installed, or does not start.
    """

    def __init__(self, address: str | None, count: int, replicas: int = 1) -> None:
        serve = check_serve()
        self._cluster = RayCluster(address)
        ray: Any = import_module("ray")
        logging.getLogger("ray.serve").setLevel(logging.ERROR)  # it has a handler of its own
        share = min(1.0, self._cluster.workers / (count * replicas))
        version = f"{installed_version()}-{FORMAT}"
        names = [
            [f"lianzhao-{version}-shard-{at}-of-{count}-{own}" for own in range(1, replicas + 1)]
            for at in range(1, count + 1)
        ]
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # of Ray's own
                serve.start(proxy_location="Disabled", logging_config=_QUIET)
                there = serve.status().applications
                made = serve.deployment(
                    ShardReplica,
                    num_replicas=1,
                    ray_actor_options={"num_cpus": share},
                    max_ongoing_requests=_ONGOING,
                    health_check_period_s=_LOOK_SECONDS,
                    logging_config=_QUIET,
                )
                targets = [
                    serve.RunTarget(made.bind(), name=name, route_prefix=None)
                    for name in chain.from_iterable(names)
                    if name not in there  # to run it again would start it anew
                ]
                if targets:
                    serve.run_many(targets, wait_for_applications_running=False)
                self.hosts = [
                    [RayHost(serve.get_app_handle(name)) for name in own] for own in names
                ]
        except (RuntimeError, ray.exceptions.RayError) as error:
            self.close()
            raise UnavailableError(f"Ray Serve does not start: {error}") from error

    def close(self) -> None:
        """Leave the cluster; end one that was started here."""
        self._cluster.close()


def check_serve() -> Any:
    """Return the package of Ray Serve (UnavailableError where it is missing)."""
    check_installed()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of Ray's own
            return import_module("ray.serve")
    except ImportError as error:
        raise UnavailableError(
            f"shards on a cluster need Ray Serve, which is not installed: {INSTALL}",
            field="engine",
            got="ray",
            expected=INSTALL,
        ) from error
