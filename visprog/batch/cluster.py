"""The engine that runs a batch with Ray: in several processes, on this machine or on a cluster.

Each actor has its own session, so that it loads the models once. Only tasks and their records pass through
this process. Actors read the pictures and write the saved files, so all machines must have the folders under
the same paths.
"""

from __future__ import annotations

import contextlib
import logging
import math
import os
import socket
from collections.abc import Callable, Iterator
from itertools import chain
from pathlib import Path
from typing import Any

from visprog.batch.engines import BatchSetup, Engine, Job, Outcomes
from visprog.batch.ray_workers import (
    ActorSetup,
    WorkerPool,
    import_ray,
    is_secret,
    one_line,
    variables_for_actors,
)
from visprog.errors import UsageError
from visprog.session import VisProg

_OBJECT_STORE = 80 * 2**20
"""Bytes of Ray's object store: about the minimum, because no large objects are sent."""

_CONNECT_TIMEOUT = 5.0
"""Seconds to wait until a cluster accepts a connection."""


def choose_engine(
    name: str, make_session: Callable[[], VisProg], address: str | None, actors: int | None
) -> Engine | None:
    """Return the engine `ray`; return None for `local`, the engine of this process. Raises UsageError."""
    if name == "ray":
        return Cluster(make_session, address=address, actors=actors)
    if name != "local":
        raise UsageError(f"unknown engine `{name}`", help="choose local or ray")
    if address is not None or actors is not None:
        raise UsageError("`--address` and `--actors` are only for Ray", help="add `--engine ray`")
    return None


class Cluster:
    """The engine that runs a batch with Ray.

    `make_session` is called in each actor. It must return a session like that of the batch, so custom models
    need a `fingerprint`.

    `address`, HOST:PORT or "auto", is that of a running cluster. Without it, the cluster to which this
    process is connected is used; if there is none, one is started on this machine until the batch ends. By
    default there is one actor for each GPU of the cluster, or for each machine if there is no GPU.

    Raises UsageError if Ray is not installed, or if `make_session` cannot be sent to another process.
    """

    def __init__(
        self, make_session: Callable[[], VisProg], *, address: str | None = None, actors: int | None = None
    ) -> None:
        import_ray()
        self._make_session = _pickled(make_session)
        self._address = address
        self._actors = actors

    def __call__(self, batch: BatchSetup, jobs: Iterator[Job]) -> Outcomes:
        """Run the jobs. Raises UsageError if the cluster cannot be reached or has other settings."""
        first = next(jobs, None)
        if first is None:
            return
        with _connected(self._address, self._actors or 1):
            setup, options = _actor_setup(self._actors, needs_key=batch.uses_server)
            pool = WorkerPool(self._make_session, batch, setup, options)
            with contextlib.closing(pool):
                yield from pool.run(chain([first], jobs))


def _pickled(make_session: Callable[[], VisProg]) -> bytes:
    from ray import cloudpickle

    try:
        pickled: bytes = cloudpickle.dumps(make_session)
    except Exception as cause:  # the objects in the function may raise anything
        raise UsageError(
            f"the function that makes the session cannot be sent to other processes: {one_line(cause)}",
            help="create the models inside this function, not before it",
        ) from cause
    return pickled


@contextlib.contextmanager
def _connected(address: str | None, actors: int) -> Iterator[None]:
    """Connect to a cluster inside the block: to the existing connection, to the address, or to a new one."""
    ray = import_ray()
    if ray.is_initialized():
        yield
        return
    try:
        if address is not None:
            _check_reachable(address)
            ray.init(address, log_to_driver=False, logging_level=logging.ERROR)
        else:
            _start_local_cluster(ray, actors)
    except Exception as cause:  # Ray raises a plain one if a node does not start in time
        ray.shutdown()
        raise _connection_error(address, cause) from cause
    try:
        yield
    finally:
        ray.shutdown()


def _start_local_cluster(ray: Any, actors: int) -> None:
    with _without_secrets():  # Ray's processes keep their environment and pass it on
        ray.init(
            "local",
            num_cpus=max(actors, os.cpu_count() or 1),
            include_dashboard=False,
            object_store_memory=_OBJECT_STORE,
            _system_config={"worker_niceness": 0},  # by default workers have a low priority
            log_to_driver=False,
            logging_level=logging.ERROR,
        )


def _connection_error(address: str | None, cause: Exception) -> UsageError:
    if address is None:
        return UsageError(
            f"Ray did not start on this machine: {one_line(cause)}",
            help="try again when the machine is less busy, check that there is space on the disk and in "
            "/dev/shm, or run without Ray (`--engine local`)",
        )
    return UsageError(
        f"the Ray cluster at {address} cannot be reached: {one_line(cause)}",
        help="it must run the same versions of Python and Ray; if it requires a token, set "
        "RAY_AUTH_MODE=token and RAY_AUTH_TOKEN",
    )


def _check_reachable(address: str) -> None:
    """Raise an error if nothing listens there. Ray would wait for minutes, then end the process."""
    if address == "auto":
        return
    host, colon, port = address.rpartition(":")
    if not colon or not port.isdigit() or "/" in host:
        raise ValueError("the address is not HOST:PORT")
    socket.create_connection((host.strip("[]"), int(port)), _CONNECT_TIMEOUT).close()


def _actor_setup(actors: int | None, *, needs_key: bool) -> tuple[ActorSetup, dict[str, Any]]:
    """Return the setup of the actors, and Ray's options for each: its share of the cluster."""
    machines = [node["Resources"] for node in import_ray().nodes() if node["Alive"]]
    gpus = int(sum(machine.get("GPU", 0) for machine in machines))
    actors = actors or gpus or len(machines)
    environment = variables_for_actors(needs_key=needs_key)
    setup = ActorSetup(Path.cwd(), actors, math.ceil(actors / len(machines)), environment)
    gpu_share = 1 / math.ceil(actors / gpus) if gpus else 0
    return setup, {"num_cpus": 1, "num_gpus": gpu_share, "scheduling_strategy": "SPREAD"}


@contextlib.contextmanager
def _without_secrets() -> Iterator[None]:
    """Remove secrets from the environment inside the block."""
    removed = {name: os.environ.pop(name) for name in list(os.environ) if is_secret(name)}
    try:
        yield
    finally:
        os.environ.update(removed)
