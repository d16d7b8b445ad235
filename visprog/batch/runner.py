"""Runs a batch: runs the tasks that are not in the journal, then writes all results in order."""

from __future__ import annotations

import contextlib
import hashlib
import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from visprog.batch.configuration import Configuration
from visprog.batch.engines import BatchSetup, Engine, Job, Options, Outcomes, batch_setup
from visprog.batch.journal import Journal, json_line
from visprog.batch.outcome import Outcome
from visprog.batch.output_folder import (
    JOURNAL,
    RESULTS,
    check_output_folder,
    created_folders,
    has_saved_files,
    output_file,
    remove_unfinished_files,
)
from visprog.batch.tasks import Task, read_tasks
from visprog.batch.validation import check_tasks
from visprog.files import replacing
from visprog.models.usage import NOTHING, Tokens, total
from visprog.parallel import parallel_map_unordered
from visprog.session import VisProg

WORKERS = 32
"""Maximum number of tasks that run at the same time. Models answer several of them together."""

_ADD_SAVE = "add `--save` to save pictures, not only their size and digest"


class Progress(NamedTuple):
    """The progress of a batch. `done` includes the `earlier` tasks, which earlier runs finished."""

    tasks: int
    done: int = 0
    earlier: int = 0
    failed: int = 0
    tokens: Tokens = NOTHING


class Summary(NamedTuple):
    """The number of tasks, and their outcomes in this run and earlier ones.

    `performed` tasks were run this time. The journal had `damaged` lines, which were ignored. The next run
    repeats `transient` failures: those caused by the machine, a server or a picture that was changed.
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
        """Whether every task has a result."""
        return not self.failed


def run_batch(
    session: VisProg,
    tasks: str | Path,
    out: str | Path,
    options: Options = Options(),  # noqa: B008 - it is immutable
    *,
    workers: int = WORKERS,
    retry_failed: bool = False,
    changes_allowed: bool = False,
    on_progress: Callable[[Progress], None] | None = None,
    on_warning: Callable[[str], None] | None = None,
    engine: Engine | None = None,
) -> Summary:
    """Run the unfinished tasks of a file, and write `results.jsonl` in the folder `out`.

    The session runs the tasks, or an engine such as `visprog.batch.cluster.Cluster`. The results are the
    same. Warnings are given before anything runs if possible.

    Raises UsageError if the file has invalid lines, if the folder was started with other settings, or if
    files that do not belong to the batch would be overwritten. Raises OutputError if a file cannot be
    written. Tasks that are finished by then stay finished.
    """
    tasks, out = Path(tasks), Path(out)
    overview = check_tasks(tasks, options.bank, session)
    check_output_folder(tasks, out, options.subfolders)
    warn = on_warning or _ignore
    for remark in overview.remarks:
        warn(remark)
    pictures = _UnsavedPictures(options, warn)
    pictures.announce(overview.pictures)
    setup = batch_setup(session, options, out, workers, plans=overview.has_instructions)
    with (
        created_folders(out, options.subfolders) as unused,
        _open_journal(out, setup.configuration, changes_allowed, unused) as journal,
    ):
        remove_unfinished_files(out)
        batch = _Batch(tasks, setup, journal, Progress(overview.tasks), retry_failed=retry_failed)
        on_progress = on_progress or _ignore
        on_progress(batch.progress)
        run_jobs = engine or _local_engine(session)
        with contextlib.closing(run_jobs(setup, batch.unfinished_jobs())) as outcomes:
            for job, outcome in outcomes:
                batch.record(job, outcome)
                pictures.look_at(outcome)
                on_progress(batch.progress)
        on_progress(batch.progress)
        return batch.write_results()


class _Line(NamedTuple):
    """A line of the results that will be written: the task's key, and its other fields as JSON, if any."""

    key: bytes
    fields: bytes


class _Batch:
    """The state of a running batch: the lines of the results, and the progress."""

    def __init__(
        self, tasks: Path, setup: BatchSetup, journal: Journal, progress: Progress, *, retry_failed: bool
    ) -> None:
        self.progress = progress
        self._tasks = tasks
        self._setup = setup
        self._journal = journal
        self._retry_failed = retry_failed
        content = json.dumps(setup.configuration).encode()
        self._digest = hashlib.blake2b(content, digest_size=16).digest()
        self._lines: list[_Line] = []

    def unfinished_jobs(self) -> Iterator[Job]:
        """Read the tasks, and yield those that must be run."""
        for task in read_tasks(self._tasks, self._setup.options.bank):
            key = task.key(self._digest)
            self._lines.append(_Line(key, json_line(task.fields) if task.fields else b""))
            has_failed = self._journal.failed(key)
            if not self._is_finished(key) or (self._retry_failed and has_failed):
                yield key, task
            else:
                done, earlier = self.progress.done + 1, self.progress.earlier + 1
                failed = self.progress.failed + has_failed
                self.progress = self.progress._replace(done=done, earlier=earlier, failed=failed)

    def record(self, job: Job, outcome: Outcome) -> None:
        """Write an outcome to the journal."""
        key, task = job
        if task.key(self._digest) != key:  # a picture was changed while the task ran
            outcome = replace(outcome, transient=True)
        self._journal.add(key, outcome)
        self.progress = self.progress._replace(
            done=self.progress.done + 1,
            failed=self.progress.failed + (not outcome.ok),
            tokens=total((self.progress.tokens, outcome.tokens)),
        )

    def write_results(self) -> Summary:
        """Write the line of every task, in order. An existing file keeps its permissions."""
        failed, transient, input_tokens, output_tokens = 0, 0, 0, 0
        path = output_file(self._setup.out, RESULTS)
        with replacing(path) as results:
            for key, fields in self._lines:
                entry = self._journal.read(key)
                results.write(_with_fields(json_line(entry["record"]), fields) + b"\n")
                failed += not entry["record"]["ok"]
                transient += bool(entry.get("transient"))
                input_tokens += entry["input_tokens"]
                output_tokens += entry["output_tokens"]
        tokens, performed = Tokens(input_tokens, output_tokens), self.progress.done - self.progress.earlier
        return Summary(path, len(self._lines), failed, tokens, performed, self._journal.damaged, transient)

    def _is_finished(self, key: bytes) -> bool:
        if not self._journal.has(key):
            return False
        if not self._setup.options.subfolders:
            return True
        entry = self._journal.read(key)
        return has_saved_files(self._setup.out, entry["record"], entry.get("kept", {}))


def _with_fields(record: bytes, fields: bytes) -> bytes:
    return record[:-1] + b', "fields": ' + fields + b"}" if fields else record


class _UnsavedPictures:
    """Warns once if results are pictures that will not be saved."""

    def __init__(self, options: Options, warn: Callable[[str], None]) -> None:
        self._warn: Callable[[str], None] | None = None if options.pictures else warn

    def announce(self, count: int) -> None:
        if count:
            what = "one task seems" if count == 1 else f"{count:,} tasks seem"
            self._warn_once(f"{what} to result in a picture, which will not be saved: {_ADD_SAVE}")

    def look_at(self, outcome: Outcome) -> None:
        result = outcome.record.get("result")
        first = result[0] if isinstance(result, list) and result else result
        if isinstance(first, dict) and first.keys() - {"alpha"} == {"width", "height", "digest"}:
            self._warn_once(f"a result is a picture, which is not saved: {_ADD_SAVE}")

    def _warn_once(self, message: str) -> None:
        warn, self._warn = self._warn, None
        if warn is not None:
            warn(message)


@contextlib.contextmanager
def _open_journal(
    out: Path, configuration: Configuration, changes_allowed: bool, unused: list[Path]
) -> Iterator[Journal]:
    """Open the journal. If it is new and no task is finished, add it to the unused files."""
    journal = Journal(out / JOURNAL, configuration, changes_allowed=changes_allowed)
    with contextlib.closing(journal):
        try:
            yield journal
        except BaseException:
            if journal.is_new and not len(journal):
                unused.append(journal.path)
            raise


def _local_engine(session: VisProg) -> Engine:
    """Return the engine that runs tasks in this process."""
    return lambda setup, jobs: perform_side_by_side(setup.task_runner(session), jobs, setup.workers)


def perform_side_by_side(perform: Callable[[Task], Outcome], jobs: Iterable[Job], workers: int) -> Outcomes:
    """Yield each job with its outcome as soon as it is finished. Take jobs as they are needed."""

    def work(job: Job) -> tuple[Job, Outcome]:
        return job, perform(job[1])

    return parallel_map_unordered(work, jobs, workers=workers)


def _ignore(_: object) -> None:
    """Ignore progress or a warning."""
