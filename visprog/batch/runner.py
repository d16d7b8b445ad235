"""Runs a batch: what the journal does not hold yet is performed, and the results are written in order."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import secrets
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import SimpleQueue
from typing import Any, NamedTuple, TypeAlias

import visprog
from visprog.batch.differences import differences
from visprog.batch.journal import Configuration, Journal, dump
from visprog.batch.outcome import KEPT, Outcome, Performer
from visprog.batch.places import JOURNAL, RESULTS, check_places
from visprog.batch.tasks import Task, read_tasks, survey
from visprog.errors import OutputError, UsageError
from visprog.models.roles import ROLES
from visprog.models.usage import NOTHING, Tokens, total
from visprog.session import VisProg

Job: TypeAlias = tuple[bytes, Task]
"""A task with its key."""

_NO_PLANNER = "none"

WORKERS = 32
"""So many tasks are under way at once: models answer several together."""


class Progress(NamedTuple):
    """How far a batch is: `done` counts what earlier runs did too, `earlier` that alone."""

    tasks: int
    done: int = 0
    earlier: int = 0
    failed: int = 0
    tokens: Tokens = NOTHING


class Summary(NamedTuple):
    """What came of all tasks, in this run and in those before; `damaged` lines of the journal don't count."""

    results: Path
    tasks: int
    failed: int
    tokens: Tokens
    performed: int
    damaged: int = 0

    @property
    def ok(self) -> bool:
        """Whether every task has its result."""
        return not self.failed


class Options(NamedTuple):
    """What is kept of each task beside its line in the results, and the bank where a task names none."""

    bank: str = "auto"
    pictures: bool = False
    traces: bool = False


class Assignment(NamedTuple):
    """What an engine must know of a batch; `workers` tasks are under way at once in each session.

    `pictures` and `traces` are folders, or None. A session that performs tasks has this configuration.
    """

    options: Options
    pictures: Path | None
    traces: Path | None
    configuration: Configuration
    workers: int

    def performer(self, session: VisProg) -> Performer:
        """Return what performs the tasks in a session."""
        return Performer(session, self.pictures, self.traces)

    def differences(self, session: VisProg) -> str:
        """Say in words in what another session differs from that of the batch; "" where it does not."""
        plans = self.configuration["planner"] != _NO_PLANNER
        return differences(self.configuration, _configuration(session, self.options, plans=plans))


Performed: TypeAlias = Generator[tuple[Job, Outcome], None, None]
"""Each job with what came of it, as soon as that is known."""

Engine: TypeAlias = Callable[[Assignment, Iterator[Job]], Performed]
"""Performs the jobs, which it takes as it needs them; closing what it returned ends the work."""


def run_batch(
    session: VisProg,
    tasks: str | Path,
    out: str | Path,
    options: Options = Options(),  # noqa: B008 - it is immutable
    *,
    workers: int = WORKERS,
    retry_failed: bool = False,
    changes_allowed: bool = False,
    watch: Callable[[Progress], None] | None = None,
    engine: Engine | None = None,
) -> Summary:
    """Perform the tasks of a file that are not done yet, and write `results.jsonl` in the folder `out`.

    They are performed in the session, or where an engine such as `visprog.batch.cluster.Cluster` has them
    performed; what comes of them is the same.

    Raises UsageError where the file has faulty lines, the folder was begun otherwise, or what was given or
    is another's would be written over, and OutputError where something cannot be written; what was done
    until then stays done.
    """
    tasks, out = Path(tasks), Path(out)
    overview = survey(tasks, options.bank)
    kept = [name for name, wanted in (("pictures", options.pictures), ("traces", options.traces)) if wanted]
    check_places(tasks, out, kept)
    configuration = _configuration(session, options, plans=overview.has_instructions)
    assignment = Assignment(
        options,
        _folder(out / "pictures") if options.pictures else None,
        _folder(out / "traces") if options.traces else None,
        configuration,
        workers,
    )
    journal = Journal(_folder(out) / JOURNAL, configuration, changes_allowed=changes_allowed)
    with contextlib.closing(journal):
        secret = hashlib.blake2b(json.dumps(configuration).encode(), digest_size=16).digest()
        keys: list[bytes] = []
        state = Progress(overview.tasks)

        def pending() -> Iterator[Job]:
            nonlocal state
            for task in read_tasks(tasks, options.bank):
                key = task.key(secret)
                keys.append(key)
                finished = journal.has(key) and (not kept or _has_all(out, journal.read(key)["record"]))
                if not finished or (retry_failed and journal.failed(key)):
                    yield key, task
                    continue
                failed = state.failed + journal.failed(key)
                state = state._replace(done=state.done + 1, earlier=state.earlier + 1, failed=failed)

        watch = watch or _nobody
        watch(state)
        with contextlib.closing((engine or _here(session))(assignment, pending())) as performed:
            for (key, _), outcome in performed:
                journal.add(key, outcome)
                failed, spent = state.failed + (not outcome.ok), total((state.tokens, outcome.tokens))
                state = state._replace(done=state.done + 1, failed=failed, tokens=spent)
                watch(state)
        watch(state)
        return _write_results(out / RESULTS, journal, keys, state.done - state.earlier)


def _has_all(out: Path, record: Mapping[str, Any]) -> bool:
    """Whether what was kept of a task beside its record is still there."""
    return all((out / record[field]).is_file() for field in KEPT if field in record)


def _here(session: VisProg) -> Engine:
    """Return the engine that performs tasks in this process."""
    return lambda assignment, jobs: perform_side_by_side(
        assignment.performer(session), jobs, assignment.workers
    )


def perform_side_by_side(perform: Callable[[Task], Outcome], jobs: Iterable[Job], workers: int) -> Performed:
    """Yield what comes of each job as soon as it is known. Jobs are taken as they are needed."""
    finished: SimpleQueue[tuple[Job, Outcome | BaseException]] = SimpleQueue()

    def work(job: Job) -> None:
        try:
            finished.put((job, perform(job[1])))
        except BaseException as failure:
            finished.put((job, failure))

    def next_finished() -> tuple[Job, Outcome]:
        job, outcome = finished.get()
        if isinstance(outcome, BaseException):
            raise outcome
        return job, outcome

    pool, under_way = ThreadPoolExecutor(workers, thread_name_prefix="visprog-batch"), 0
    try:
        for job in jobs:
            pool.submit(work, job)
            under_way += 1
            if under_way == workers:
                yield next_finished()
                under_way -= 1
        for _ in range(under_way):
            yield next_finished()
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def _nobody(progress: Progress) -> None:
    """Watch nothing."""


def _configuration(session: VisProg, options: Options, *, plans: bool) -> dict[str, Any]:
    """Say what the outcomes depend on. The planner and its basis count where something is to be planned."""
    models, tools = session.models, hashlib.blake2b(digest_size=8)
    for tool in session.tools:
        tools.update(f"{tool.fingerprint}\n".encode())
    planner = session.planner if plans else None
    return {
        "visprog": visprog.__version__,
        "planner": getattr(planner, "name", type(planner).__name__) if plans else _NO_PLANNER,
        "planning": dict(getattr(planner, "basis", {})),
        "models": {role: models.fingerprint(role) for role in ROLES if models.has(role)},
        "tools": tools.hexdigest(),
        "settings": {name: repr(each) for name, each in sorted(models.profile.tools.items())},
        "task": options.bank,
        "pictures": options.pictures,
        "traces": options.traces,
    }


def _folder(path: Path) -> Path:
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as cause:
        raise UsageError(f"{path} cannot be made: {cause.strerror}", help="choose another folder") from cause
    return path


def _write_results(path: Path, journal: Journal, keys: list[bytes], performed: int) -> Summary:
    """Write every task's line, in order, whole or not at all."""
    failed, input_tokens, output_tokens = 0, 0, 0
    beside = path.with_name(f".visprog-{secrets.token_hex(8)}.part")
    try:
        with beside.open("wb") as lines:
            for key in keys:
                entry = journal.read(key)
                lines.write(dump(entry["record"]) + b"\n")
                failed += not entry["record"]["ok"]
                input_tokens += entry["input_tokens"]
                output_tokens += entry["output_tokens"]
            lines.flush()
            os.fsync(lines.fileno())
        beside.replace(path)
    except OSError as cause:
        raise OutputError(f"{path} cannot be written: {cause.strerror}", help="make room") from cause
    finally:
        beside.unlink(missing_ok=True)
    tokens = Tokens(input_tokens, output_tokens)
    return Summary(path, len(keys), failed, tokens, performed, journal.damaged)
