"""Performs a batch in several processes, on this machine or on a cluster of machines, by Ray.

Whole tasks go to actors, each with a session of its own, so that models are loaded once in each. Only tasks
and what is written of them pass through this process: pictures are read, and kept ones written, by the
actors, in folders that all machines must have under the same path.
"""

from __future__ import annotations

import contextlib
import logging
import math
import os
import socket
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path
from typing import Any, NamedTuple

from visprog.batch.grouping import Waiting
from visprog.batch.outcome import Outcome, Performer, given_up
from visprog.batch.runner import Assignment, Engine, Job, Performed
from visprog.batch.tasks import Task
from visprog.errors import UsageError, WorkerDied
from visprog.libraries import needs
from visprog.session import VisProg

DEATHS = 3
"""So often workers die of a task before it is given up, and at their start before the batch is."""

_AHEAD = 4
"""For each task under way so many are read, so that there are several pictures to choose from."""

_STORE = 80 * 2**20
"""Bytes of Ray's store of large objects, about the least that it takes: nothing goes through it."""

_PATIENCE = 5.0
"""Seconds for a cluster to answer the knock at its door."""

_ELSEWHERE = ("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN")
"""Secrets that no task asks for: weights are fetched beforehand."""


def choose_engine(
    name: str, make_session: Callable[[], VisProg], address: str | None, actors: int | None
) -> Engine | None:
    """Return the engine called `ray`; `local` is None, the one of this process. Raises UsageError."""
    if name == "ray":
        return Cluster(make_session, address=address, actors=actors)
    if name != "local":
        raise UsageError(f"there is no engine `{name}`", help="choose local or ray")
    if address is not None or actors is not None:
        raise UsageError("`--address` and `--actors` are for Ray", help="add `--engine ray`")
    return None


class Cluster:
    """The engine that spreads a batch by Ray.

    `make_session` is called in each actor and must give a session like the one of the batch, so its models
    need a `fingerprint`. At `address`, HOST:PORT or "auto", a cluster runs already; without one it is
    started on this machine, for the time of the batch, unless this process is connected to one. There are so
    many `actors`; else one for each GPU of the cluster, or without any for each machine.
    Raises UsageError where Ray is missing, or `make_session` cannot be sent to another process.
    """

    def __init__(
        self, make_session: Callable[[], VisProg], *, address: str | None = None, actors: int | None = None
    ) -> None:
        _ray()
        self._make_session = _packed(make_session)
        self._address = address
        self._actors = actors

    def __call__(self, assignment: Assignment, jobs: Iterator[Job]) -> Performed:
        """Perform the jobs. Raises UsageError where the cluster cannot be reached or is set up otherwise."""
        first = next(jobs, None)
        if first is None:
            return
        with _connected(self._address, self._actors or 1):
            setting, options = _surroundings(self._actors, needs_key=assignment.asks_server)
            workers = _Crew(self._make_session, assignment, setting, options)
            with contextlib.closing(workers):
                yield from workers.perform(chain([first], jobs))


class _Setting(NamedTuple):
    """What actors find around them: the folder to be in, and variables of the environment.

    There are so many `actors`, and a `crowd` of them on a machine.
    """

    folder: Path
    actors: int
    crowd: int
    environment: Mapping[str, str]


class _Actor:
    """Holds a session in a process of its own. Called by Ray, from several threads."""

    def __init__(self) -> None:
        self._perform: Performer | None = None

    def prepare(self, make_session: bytes, assignment: Assignment, setting: _Setting) -> None:
        """Make the session. Raises UsageError where it isn't that of the batch, or the folder is missing."""
        from ray import cloudpickle

        host = socket.gethostname()
        try:
            os.chdir(setting.folder)
        except OSError as cause:
            raise UsageError(
                f"a worker on {host} cannot enter {setting.folder}: {cause.strerror}",
                help="every machine needs the folders of the tasks and results under the same path",
            ) from cause
        for name in filter(_is_secret, list(os.environ)):
            del os.environ[name]
        threads = max(1, (os.cpu_count() or 1) // setting.crowd)  # Ray allows one, whatever is free
        os.environ.update({"OMP_NUM_THREADS": str(threads), **setting.environment})
        session = cloudpickle.loads(make_session)()
        if differences := assignment.differences(session):
            raise UsageError(
                f"a worker on {host} is set up otherwise than this process: {differences}",
                help="install the same versions, weights and tools on every machine, and where their devices "
                "differ, give every model its `device` and `dtype`; one's own needs a `fingerprint`",
            )
        self._perform = assignment.performer(session)

    def perform(self, task: Task) -> Outcome:
        """Perform a task."""
        assert self._perform is not None, "it is prepared first"  # noqa: S101
        return self._perform(task)


@dataclass(eq=False)
class _Worker:
    """An actor, as this process sees it; when it dies, another takes its place under the same number."""

    number: int
    actor: Any = None
    ready: bool = False
    dead: bool = False
    calls: int = 0
    alone: bool = False
    stillborn: int = 0


class _Crew:
    """The workers, and what each of them holds.

    Where a worker dies, it may be any of its tasks that it died of. They are done again one by one, so that
    those that are innocent of it come to their end, each by a worker that does nothing else meanwhile. It may
    be any worker: for one that is to replace the dead there may be no place.
    """

    def __init__(
        self, make_session: bytes, assignment: Assignment, setting: _Setting, options: Mapping[str, Any]
    ) -> None:
        self._ray = _ray()
        self._told = (make_session, assignment, setting)
        self._limit = assignment.workers
        remote = self._ray.remote(_Actor)
        self._hire = remote.options(max_concurrency=assignment.workers, max_restarts=0, **options).remote
        self._workers = [_Worker(number) for number in range(setting.actors)]
        self._calls: dict[Any, tuple[_Worker, Job | None]] = {}
        self._waiting = Waiting()
        self._suspects = deque[Job]()
        self._deaths = Counter[bytes]()

    def perform(self, jobs: Iterable[Job]) -> Performed:
        """Yield what comes of the jobs, in the order of their ends."""
        jobs, most = iter(jobs), _AHEAD * self._limit * len(self._workers)
        for worker in self._workers:
            self._begin(worker)
        while True:
            for job in islice(jobs, most - len(self._waiting)):
                self._waiting.add(job)
            for worker in self._workers:
                while (next_job := self._next(worker)) is not None:
                    self._call(worker, next_job, worker.actor.perform.remote(next_job[1]))
            if not self._busy():
                return
            [ended], _ = self._ray.wait(list(self._calls), num_returns=1)
            yield from self._take(ended)

    def close(self) -> None:
        """End the workers, whatever they are at."""
        for worker in self._workers:
            if worker.actor is not None:
                self._ray.kill(worker.actor)

    def _busy(self) -> bool:
        return any(job is not None for _, job in self._calls.values()) or any((self._waiting, self._suspects))

    def _next(self, worker: _Worker) -> Job | None:
        """Return what the worker is to do now, beside what it does."""
        if not worker.ready or worker.dead or worker.alone:
            return None
        if self._suspects and not worker.calls:
            worker.alone = True
            return self._suspects.popleft()
        if worker.calls >= self._limit:
            return None
        return self._waiting.take(worker.number, idle=not worker.calls)

    def _begin(self, worker: _Worker) -> None:
        worker.actor, worker.ready, worker.dead = self._hire(), False, False
        self._call(worker, None, worker.actor.prepare.remote(*self._told))

    def _call(self, worker: _Worker, job: Job | None, call: Any) -> None:
        worker.calls += 1
        self._calls[call] = worker, job

    def _take(self, ended: Any) -> Performed:
        worker, job = self._calls.pop(ended)
        worker.calls -= 1
        worker.alone = False
        try:
            outcome = self._ray.get(ended)
        except self._ray.exceptions.RayTaskError as error:
            raise error.cause from None
        except self._ray.exceptions.RayError as error:  # it, its machine, or the way there is gone
            yield from self._bury(worker, job, error)
        else:
            if job is None:
                worker.ready, worker.stillborn = True, 0
            else:
                yield job, outcome
        if worker.dead and not worker.calls:
            self._ray.kill(worker.actor)  # where it was only out of reach
            self._begin(worker)

    def _bury(self, worker: _Worker, job: Job | None, error: Exception) -> Performed:
        worker.dead = True
        if job is None:
            worker.stillborn += 1
            if worker.stillborn == DEATHS:
                raise WorkerDied(
                    f"a worker died {DEATHS} times before it had begun: {_in_a_line(error)}",
                    help="see that memory suffices for the models of all actors, or take fewer (`--actors`)",
                )
            return
        key, task = job
        self._deaths[key] += 1
        if self._deaths[key] < DEATHS:
            self._suspects.append(job)
            return
        words = f"the process that ran the task died, {DEATHS} times"
        yield job, given_up(task, WorkerDied(words, help="a model's library may have failed, or memory"))


def _ray() -> Any:
    with needs("ray", UsageError):
        import ray
        import ray.cloudpickle
    return ray


def _packed(make_session: Callable[[], VisProg]) -> bytes:
    from ray import cloudpickle

    try:
        packed: bytes = cloudpickle.dumps(make_session)
    except Exception as cause:  # whatever the objects in it raise
        raise UsageError(
            f"what makes the session cannot be sent to other processes: {_in_a_line(cause)}",
            help="give a function that makes the models itself, rather than models that are made already",
        ) from cause
    return packed


@contextlib.contextmanager
def _connected(address: str | None, actors: int) -> Iterator[None]:
    """Be connected to a cluster: the one that this process has, one at the address, or a new one."""
    ray = _ray()
    if ray.is_initialized():
        yield
        return
    quiet = {"log_to_driver": False, "logging_level": logging.ERROR}
    try:
        if address is not None:
            _knock(address)
            ray.init(address, **quiet)
        else:
            with _without_secrets():  # Ray's own processes keep their environment, and hand it on
                own = {
                    "num_cpus": max(actors, os.cpu_count() or 1),
                    "include_dashboard": False,
                    "object_store_memory": _STORE,
                    "_system_config": {"worker_niceness": 0},  # else workers give way to whatever runs
                }
                ray.init("local", **own, **quiet)
    except Exception as cause:  # Ray raises plain ones too, when a node does not start in time
        ray.shutdown()  # of what has started
        raise _unconnected(address, cause) from cause
    try:
        yield
    finally:
        ray.shutdown()


def _unconnected(address: str | None, cause: Exception) -> UsageError:
    if address is None:
        return UsageError(
            f"Ray did not start on this machine: {_in_a_line(cause)}",
            help="try again when the machine is less busy, see that there is room on the disk and in "
            "/dev/shm, or run without Ray (`--engine local`)",
        )
    return UsageError(
        f"the Ray cluster at {address} cannot be reached: {_in_a_line(cause)}",
        help="it must run with the same versions of Python and Ray; where it asks for a token, set "
        "RAY_AUTH_MODE=token and RAY_AUTH_TOKEN",
    )


def _knock(address: str) -> None:
    """Raise an error where nobody is there: Ray itself would wait for minutes, and end the process."""
    if address == "auto":
        return
    host, colon, port = address.rpartition(":")
    if not colon or not port.isdigit() or "/" in host:
        raise ValueError("it is no HOST:PORT")
    socket.create_connection((host.strip("[]"), int(port)), _PATIENCE).close()


def _surroundings(actors: int | None, *, needs_key: bool) -> tuple[_Setting, dict[str, Any]]:
    """Return what actors find around them, and what each of them takes of the cluster."""
    machines = [node["Resources"] for node in _ray().nodes() if node["Alive"]]
    gpus = int(sum(machine.get("GPU", 0) for machine in machines))
    actors = actors or gpus or len(machines)
    handed = {
        name: value
        for name, value in os.environ.items()
        if (needs_key and _is_secret(name) and name not in _ELSEWHERE) or name == "OMP_NUM_THREADS"
    }
    setting = _Setting(Path.cwd(), actors, math.ceil(actors / len(machines)), handed)
    share = 1 / math.ceil(actors / gpus) if gpus else 0
    return setting, {"num_cpus": 1, "num_gpus": share, "scheduling_strategy": "SPREAD"}


def _is_secret(name: str) -> bool:
    return name.startswith("OPENAI_") or name in _ELSEWHERE


@contextlib.contextmanager
def _without_secrets() -> Iterator[None]:
    taken = {name: os.environ.pop(name) for name in list(os.environ) if _is_secret(name)}
    try:
        yield
    finally:
        os.environ.update(taken)


def _in_a_line(error: BaseException) -> str:
    return " ".join(str(error).split()) or type(error).__name__
