"""Ray workers that run the tasks of a batch: the actors, and the pool that gives them jobs."""

from __future__ import annotations

import os
import socket
from collections import Counter, deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

from visprog.batch.engines import BatchSetup, Job, Outcomes
from visprog.batch.job_queue import JobQueue
from visprog.batch.outcome import Outcome, failed_outcome
from visprog.batch.task_runner import TaskRunner
from visprog.batch.tasks import Task
from visprog.errors import UsageError, WorkerDied
from visprog.libraries import needs

MAX_DEATHS = 3
"""Number of workers that may die while they run a task, or while one worker starts."""

_READ_AHEAD = 4
"""Tasks that are read per task that can run, so that there are several pictures to choose from."""

_TOKENS = ("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN")
"""Secrets that no task needs, because weights are downloaded before."""


def import_ray() -> Any:
    """Return the module `ray`. Raises UsageError if it is not installed."""
    with needs("ray", UsageError):
        import ray
        import ray.cloudpickle
    return ray


def is_secret(name: str) -> bool:
    """Return whether an environment variable may contain a key or a token."""
    return name.startswith("OPENAI_") or name in _TOKENS


def variables_for_actors(*, needs_key: bool) -> dict[str, str]:
    """Return the environment variables of this process that actors need."""
    return {
        name: value
        for name, value in os.environ.items()
        if (needs_key and is_secret(name) and name not in _TOKENS) or name == "OMP_NUM_THREADS"
    }


def one_line(error: BaseException) -> str:
    """Return an error's message as one line."""
    return " ".join(str(error).split()) or type(error).__name__


class ActorSetup(NamedTuple):
    """The working folder and the environment variables of actors.

    There are `actors` in all, and up to `per_machine` on each machine.
    """

    folder: Path
    actors: int
    per_machine: int
    environment: Mapping[str, str]


class _Actor:
    """A session in its own process. Ray calls it from several threads."""

    def __init__(self) -> None:
        self._run: TaskRunner | None = None

    def prepare(self, make_session: bytes, batch: BatchSetup, setup: ActorSetup) -> None:
        """Create the session. Raises UsageError if it differs from the batch's, or the folder is missing."""
        from ray import cloudpickle

        host = socket.gethostname()
        _enter_folder(setup.folder, host)
        _set_environment(setup)
        session = cloudpickle.loads(make_session)()
        if differences := batch.differences(session):
            raise UsageError(
                f"a worker on {host} has other settings than this process: {differences}",
                help="install the same versions, weights and tools on every machine; if their devices "
                "differ, give every model its `device` and `dtype`; give custom models a `fingerprint`",
            )
        self._run = batch.task_runner(session)

    def run(self, task: Task) -> Outcome:
        """Run a task."""
        assert self._run is not None, "`prepare` is called first"  # noqa: S101
        return self._run(task)


def _enter_folder(folder: Path, host: str) -> None:
    try:
        os.chdir(folder)
    except OSError as cause:
        raise UsageError(
            f"a worker on {host} cannot enter {folder}: {cause.strerror}",
            help="every machine needs the folders of the tasks and results under the same path",
        ) from cause


def _set_environment(setup: ActorSetup) -> None:
    for name in filter(is_secret, list(os.environ)):
        del os.environ[name]
    threads = max(1, (os.cpu_count() or 1) // setup.per_machine)  # Ray's own default is one thread
    os.environ.update({"OMP_NUM_THREADS": str(threads), **setup.environment})


@dataclass(eq=False)
class _Worker:
    """A worker as the pool sees it. When its actor dies, a new actor replaces it under the same number."""

    number: int
    actor: Any = None
    ready: bool = False
    dead: bool = False
    calls: int = 0
    alone: bool = False
    failed_starts: int = 0


class WorkerPool:
    """The workers, and the jobs that each of them runs.

    When a worker dies, each of its jobs may be the cause. They are run again one by one, each by a worker
    that runs nothing else, so that only the job that is the cause fails. Any worker may run them, because
    there may be no machine for a new worker.
    """

    def __init__(
        self,
        make_session: bytes,
        batch: BatchSetup,
        setup: ActorSetup,
        actor_options: Mapping[str, Any],
    ) -> None:
        self._ray = import_ray()
        self._prepare_arguments = (make_session, batch, setup)
        self._limit = batch.workers
        remote = self._ray.remote(_Actor)
        self._new_actor = remote.options(
            max_concurrency=batch.workers, max_restarts=0, **actor_options
        ).remote
        self._workers = [_Worker(number) for number in range(setup.actors)]
        self._calls: dict[Any, tuple[_Worker, Job | None]] = {}
        self._queue = JobQueue()
        self._suspects = deque[Job]()
        self._deaths = Counter[bytes]()

    def run(self, jobs: Iterable[Job]) -> Outcomes:
        """Yield each job with its outcome, in the order in which they finish."""
        jobs, most = iter(jobs), _READ_AHEAD * self._limit * len(self._workers)
        for worker in self._workers:
            self._start(worker)
        while True:
            for job in islice(jobs, most - len(self._queue)):
                self._queue.add(job)
            for worker in self._workers:
                while (next_job := self._next_job(worker)) is not None:
                    self._call(worker, next_job, worker.actor.run.remote(next_job[1]))
            if not self._has_work():
                return
            [finished], _ = self._ray.wait(list(self._calls), num_returns=1)
            yield from self._take(finished)

    def close(self) -> None:
        """End all workers, even if they are running jobs."""
        for worker in self._workers:
            if worker.actor is not None:
                self._ray.kill(worker.actor)

    def _has_work(self) -> bool:
        return any(job is not None for _, job in self._calls.values()) or any((self._queue, self._suspects))

    def _next_job(self, worker: _Worker) -> Job | None:
        """Return the job that the worker can start now."""
        if not worker.ready or worker.dead or worker.alone:
            return None
        if self._suspects and not worker.calls:
            worker.alone = True
            return self._suspects.popleft()
        if worker.calls >= self._limit:
            return None
        return self._queue.take(worker.number, idle=not worker.calls)

    def _start(self, worker: _Worker) -> None:
        worker.actor, worker.ready, worker.dead = self._new_actor(), False, False
        self._call(worker, None, worker.actor.prepare.remote(*self._prepare_arguments))

    def _call(self, worker: _Worker, job: Job | None, call: Any) -> None:
        worker.calls += 1
        self._calls[call] = worker, job

    def _take(self, finished: Any) -> Outcomes:
        """Take the result of a call that is finished; without a job it is the worker's start."""
        worker, job = self._calls.pop(finished)
        worker.calls -= 1
        worker.alone = False
        try:
            outcome = self._ray.get(finished)
        except self._ray.exceptions.RayTaskError as error:
            raise error.cause from None
        except self._ray.exceptions.RayError as error:  # the actor, its machine or the network has failed
            yield from self._handle_death(worker, job, error)
        else:
            if job is None:
                worker.ready, worker.failed_starts = True, 0
            else:
                yield job, outcome
        if worker.dead and not worker.calls:
            self._ray.kill(worker.actor)  # it may still run if only the network has failed
            self._start(worker)

    def _handle_death(self, worker: _Worker, job: Job | None, error: Exception) -> Outcomes:
        worker.dead = True
        if job is None:
            self._count_failed_start(worker, error)
            return
        key, task = job
        self._deaths[key] += 1
        if self._deaths[key] < MAX_DEATHS:
            self._suspects.append(job)
            return
        message = f"the process that ran the task died {MAX_DEATHS} times"
        advice = "there may be too little memory, or a library of a model may have crashed"
        yield job, failed_outcome(task, WorkerDied(message, help=advice))

    def _count_failed_start(self, worker: _Worker, error: Exception) -> None:
        worker.failed_starts += 1
        if worker.failed_starts == MAX_DEATHS:
            raise WorkerDied(
                f"a worker died {MAX_DEATHS} times while it started: {one_line(error)}",
                help="check that there is memory for the models of all actors, or use fewer (`--actors`)",
            )
