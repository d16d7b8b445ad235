"""Runs a batch: what the journal does not hold yet is performed, and the results are written in order."""

from __future__ import annotations

import contextlib
import hashlib
import json
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

import visprog
from visprog.batch.differences import differences
from visprog.batch.journal import Configuration, Journal, dump
from visprog.batch.outcome import KEPT, Outcome, Performer, file_digest
from visprog.batch.places import JOURNAL, RESULTS, check_places, own_file, remove_leftovers
from visprog.batch.precheck import Precheck
from visprog.batch.tasks import Task, read_tasks, survey
from visprog.errors import UsageError, WorkerDied
from visprog.files import replacing
from visprog.models.roles import ROLES
from visprog.models.usage import NOTHING, Tokens, total
from visprog.parallel import parallel_map_unordered
from visprog.session import VisProg

Job: TypeAlias = tuple[bytes, Task]
"""A task with its key."""

_NO_PLANNER = "none"

_ADD_SAVE = "add `--save` to keep pictures, not only their size and digest"

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
    """The outcomes of all tasks, of this run and earlier ones; `damaged` lines of the journal don't count.

    The next run tries `transient` ones again: they failed because of the machine or a server, or a picture
    changed meanwhile.
    """

    results: Path
    tasks: int
    failed: int
    tokens: Tokens
    performed: int
    damaged: int = 0
    transient: int = 0

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
    `asks_server` says whether its planner or one of its models asks a server, and may need a key.
    """

    options: Options
    pictures: Path | None
    traces: Path | None
    configuration: Configuration
    workers: int
    asks_server: bool

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
    tell: Callable[[str], None] | None = None,
) -> Summary:
    """Perform the tasks of a file that are not done yet, and write `results.jsonl` in the folder `out`.

    They are performed in the session, or where an engine such as `visprog.batch.cluster.Cluster` has them
    performed; what comes of them is the same.

    `tell` is called with remarks on the tasks, before anything runs where that is possible.

    Raises UsageError where the file has faulty lines, the folder was begun otherwise, or what was given or
    is another's would be written over, and OutputError where something cannot be written; what was done
    until then stays done.
    """
    tasks, out = Path(tasks), Path(out)
    overview = survey(tasks, options.bank, Precheck(session))
    kept = [name for name, wanted in (("pictures", options.pictures), ("traces", options.traces)) if wanted]
    check_places(tasks, out, kept)
    tell = tell or _nobody
    for remark in overview.remarks:
        tell(remark)
    unkept = _Unkept(options, tell)
    unkept.expect(overview.pictures)
    configuration = _configuration(session, options, plans=overview.has_instructions)
    with _folders(out, kept) as began, _journal(out, configuration, changes_allowed, began) as journal:
        remove_leftovers(out)
        assignment = Assignment(
            options,
            out / "pictures" if options.pictures else None,
            out / "traces" if options.traces else None,
            configuration,
            workers,
            _asks_server(session, plans=overview.has_instructions),
        )
        secret = hashlib.blake2b(json.dumps(configuration).encode(), digest_size=16).digest()
        lines: list[_Line] = []
        state = Progress(overview.tasks)

        def pending() -> Iterator[Job]:
            nonlocal state
            for task in read_tasks(tasks, options.bank):
                key = task.key(secret)
                lines.append(_Line(key, dump(task.fields) if task.fields else b""))
                finished = journal.has(key) and (not kept or _has_all(out, journal.read(key)))
                if not finished or (retry_failed and journal.failed(key)):
                    yield key, task
                    continue
                failed = state.failed + journal.failed(key)
                state = state._replace(done=state.done + 1, earlier=state.earlier + 1, failed=failed)

        watch = watch or _nobody
        watch(state)
        with contextlib.closing((engine or _here(session))(assignment, pending())) as performed:
            for (key, task), outcome in performed:
                if task.key(secret) != key:  # a picture was changed meanwhile
                    outcome = replace(outcome, transient=True)
                journal.add(key, outcome)
                unkept.look_at(outcome)
                failed, spent = state.failed + (not outcome.ok), total((state.tokens, outcome.tokens))
                state = state._replace(done=state.done + 1, failed=failed, tokens=spent)
                watch(state)
        watch(state)
        return _write_results(out / RESULTS, journal, lines, state.done - state.earlier)


class _Line(NamedTuple):
    """A line of the results to be: the task's key, and its further fields as JSON, if it has any."""

    key: bytes
    fields: bytes


class _Unkept:
    """Tells once that results are pictures which nobody asked to keep."""

    def __init__(self, options: Options, tell: Callable[[str], None]) -> None:
        self._tell: Callable[[str], None] | None = None if options.pictures else tell

    def expect(self, count: int) -> None:
        if count:
            some = "one task seems" if count == 1 else f"{count:,} tasks seem"
            self._say(f"{some} to result in a picture, which will not be kept: {_ADD_SAVE}")

    def look_at(self, outcome: Outcome) -> None:
        result = outcome.record.get("result")
        if isinstance(result, dict) and result.keys() == {"width", "height", "digest"}:
            self._say(f"a result is a picture, which is not kept: {_ADD_SAVE}")

    def _say(self, words: str) -> None:
        tell, self._tell = self._tell, None
        if tell is not None:
            tell(words)


@contextlib.contextmanager
def _folders(out: Path, kept: Iterable[str]) -> Iterator[list[Path]]:
    """Make the folders. If the batch cannot start, remove those that are new, after the files in the list."""
    wanted, unused = [out, *(out / name for name in kept)], list[Path]()
    parents = [each for each in reversed(out.parents) if not each.exists()]
    new = [each for each in [*parents, *wanted] if not each.exists()]
    try:
        for folder in wanted:
            _make_folder(folder)
        yield unused
    except (UsageError, WorkerDied):
        for file in unused:
            file.unlink(missing_ok=True)
        with contextlib.suppress(OSError):  # a folder that holds something stays
            for folder in reversed(new):
                folder.rmdir()
        raise


@contextlib.contextmanager
def _journal(
    out: Path, configuration: Configuration, changes_allowed: bool, unused: list[Path]
) -> Iterator[Journal]:
    """Open the journal. If it is new and no task is finished, it counts as unused."""
    journal = Journal(out / JOURNAL, configuration, changes_allowed=changes_allowed)
    with contextlib.closing(journal):
        try:
            yield journal
        except BaseException:
            if journal.is_new and not len(journal):
                unused.append(journal.path)
            raise


def _has_all(out: Path, line: Mapping[str, Any]) -> bool:
    """Return whether the files that belong to a task's record are there, and undamaged."""
    record, digests = line["record"], line.get("kept", {})
    return all(
        file_digest(out / record[field]) == digests.get(field) != "" for field in KEPT if field in record
    )


def _here(session: VisProg) -> Engine:
    """Return the engine that performs tasks in this process."""
    return lambda assignment, jobs: perform_side_by_side(
        assignment.performer(session), jobs, assignment.workers
    )


def perform_side_by_side(perform: Callable[[Task], Outcome], jobs: Iterable[Job], workers: int) -> Performed:
    """Yield what comes of each job as soon as it is known. Jobs are taken as they are needed."""

    def work(job: Job) -> tuple[Job, Outcome]:
        return job, perform(job[1])

    return parallel_map_unordered(work, jobs, workers=workers)


def _nobody(_: object) -> None:
    """Watch nothing, and listen to nothing."""


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


def _asks_server(session: VisProg, *, plans: bool) -> bool:
    planner_asks = plans and getattr(session.planner, "is_remote", False)
    return planner_asks or any(map(session.models.is_remote, ROLES))


def _make_folder(path: Path) -> None:
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as cause:
        raise UsageError(f"{path} cannot be made: {cause.strerror}", help="choose another folder") from cause


def _write_results(path: Path, journal: Journal, tasks: list[_Line], performed: int) -> Summary:
    """Write every task's line, in order, whole or not at all. A file that is there keeps its permissions."""
    failed, transient, input_tokens, output_tokens = 0, 0, 0, 0
    with replacing(own_file(path.parent, path.name)) as lines:
        for key, fields in tasks:
            entry = journal.read(key)
            lines.write(_with_fields(dump(entry["record"]), fields) + b"\n")
            failed += not entry["record"]["ok"]
            transient += bool(entry.get("transient"))
            input_tokens += entry["input_tokens"]
            output_tokens += entry["output_tokens"]
    tokens = Tokens(input_tokens, output_tokens)
    return Summary(path, len(tasks), failed, tokens, performed, journal.damaged, transient)


def _with_fields(record: bytes, fields: bytes) -> bytes:
    return record[:-1] + b', "fields": ' + fields + b"}" if fields else record
