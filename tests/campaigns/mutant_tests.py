"""Run tests against mutants, each in a separate process, and measure which tests run which lines."""

from __future__ import annotations

import contextlib
import importlib.util
import itertools
import math
import os
import resource
import signal
import sys
import time
import traceback
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from multiprocessing import Pipe, Process
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import Any, TypeAlias

import hypothesis
import pytest

from tests.campaigns.mutant_source import Mutant, compiles

Job: TypeAlias = tuple[Mutant, dict[str, float]]
"""A mutant with the tests to run against it, and the seconds that each takes."""

LIMIT = 4.0
"""Seconds of processor time that any mutant may take, in addition to what its tests take without it."""

PATIENCE = 10.0
"""A mutant may take so many times longer by the clock: it waits for other processes."""

MEASURING = 900.0
"""Seconds that the tests of one file may take while they are measured."""

EXAMPLES = 25
"""Examples of each hypothesis test that does not name a number itself."""

RELOAD = "reload"
"""The state of a mutant that cannot be put into a loaded module: it needs a fresh process."""


def serve(
    jobs: Iterable[Any], workers: int, body: Callable[..., None], *given: object
) -> Iterator[tuple[Any, Any]]:
    """Give jobs to worker processes that run `body(connection, *given)`. Yield each job with its result."""
    waiting = iter(jobs)
    running: dict[Connection[Any, Any], Any] = {}
    for job in itertools.islice(waiting, workers):
        ours, theirs = Pipe()
        Process(target=body, args=(theirs, *given), daemon=False).start()
        theirs.close()
        ours.send(job)
        running[ours] = job
    while running:
        for connection in wait(list(running)):
            assert isinstance(connection, Connection)
            try:
                result = connection.recv()
            except (EOFError, ConnectionResetError):
                raise SystemExit("a worker ended early: the tests cannot be collected") from None
            yield running.pop(connection), result
            job = next(waiting, None)
            connection.send(job)
            if job is not None:
                running[connection] = job


def received(connection: Connection[Any, Any]) -> Iterator[Any]:
    """Yield the jobs that arrive, until None does."""
    while (job := connection.recv()) is not None:
        yield job


def in_child(work: Callable[[], int], seconds: float, processor: float = MEASURING) -> int | None:
    """Run this in a forked process without output. Return its exit code, or None if it ran out of time.

    It may take so many `seconds` by the clock, and of `processor` time.
    """
    child = os.fork()
    if child == 0:
        code = 3
        try:
            os.setsid()
            resource.setrlimit(resource.RLIMIT_CPU, (math.ceil(processor), math.ceil(processor) + 1))
            silence = os.open(os.devnull, os.O_RDWR)
            for descriptor in range(3):
                os.dup2(silence, descriptor)
            code = work()
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(code)
    end = time.monotonic() + seconds
    try:
        while time.monotonic() < end:
            done, status = os.waitpid(child, os.WNOHANG)
            if done:
                return os.waitstatus_to_exitcode(status)
            time.sleep(0.005)
        os.killpg(child, signal.SIGKILL)
        os.waitpid(child, 0)
        return None
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child, signal.SIGKILL)  # servers and workers that tests started


def enter(tree: Path) -> None:
    """Make this process run the code of a copy of the tree, and hypothesis repeatable and quick to fail."""
    os.chdir(tree)
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # pytest's reports
    os.environ["PYTHONPATH"] = str(tree)
    sys.path.insert(0, str(tree))
    for name in [each for each in sys.modules if each.split(".")[0] == "tests"]:
        del sys.modules[name]
    phases = [hypothesis.Phase.explicit, hypothesis.Phase.generate]
    checks = list(hypothesis.HealthCheck)
    hypothesis.settings.register_profile(
        "mutants",
        max_examples=EXAMPLES,
        derandomize=True,
        database=None,
        deadline=None,
        phases=phases,
        suppress_health_check=checks,
    )
    hypothesis.settings.load_profile("mutants")


def run_pytest(files: Iterable[str], plugin: object) -> int:
    """Run or collect these test files."""
    options = ["-q", "-x", "--tb=no", "-p", "no:cacheprovider"]
    options += ["-W", "ignore::pytest.PytestAssertRewriteWarning"]  # hypothesis is loaded before
    return int(pytest.main([*options, *files], plugins=[plugin]))


class Tests:
    """A pytest plugin that selects tests, and notes their times and the first that fails."""

    def __init__(self, names: Iterable[str]) -> None:
        self.names = list(names)
        self.failed = ""
        self.seconds: dict[str, float] = {}
        self.passed: set[str] = set()
        self.started = 0.0

    def pytest_runtest_logstart(self) -> None:
        self.started = _processor_time()

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        found = {item.nodeid: item for item in items}
        items[:] = [found[name] for name in self.names if name in found]

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self.seconds[report.nodeid] = _processor_time() - self.started
        if report.when == "call" and report.passed:
            self.passed.add(report.nodeid)
        if report.failed:
            self.failed = self.failed or report.nodeid
            self.passed.discard(report.nodeid)


def _processor_time() -> float:
    """Return the processor time of this process and of those that it started and that have ended."""
    uses = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(use.ru_utime + use.ru_stime for use in uses)


def exit_code(code: int | None) -> str:
    """Return the words for a process that ended without a failed test."""
    return f"exit code {code}"


@contextlib.contextmanager
def mutated(tree: Path, mutant: Mutant) -> Iterator[tuple[str, str]]:
    """Change a file for a while. Yields the file's text before and after."""
    file = tree / mutant.path
    before = file.read_text()
    after = mutant.apply(before)
    compiled = Path(importlib.util.cache_from_source(str(file)))
    try:
        compiled.unlink(missing_ok=True)
        file.write_text(after)
        yield before, after
    finally:
        file.write_text(before)
        compiled.unlink(missing_ok=True)


def outcome(tree: Path, tests: dict[str, float], work: Callable[[Tests], int]) -> tuple[str, str]:
    """Run tests in a child. Return what became of the mutant, and the test that failed."""
    report = tree / "first_failure.txt"
    report.unlink(missing_ok=True)

    def run() -> int:
        plugin = Tests(tests)
        code = work(plugin)
        report.write_text(plugin.failed)
        return code

    limit = LIMIT + sum(tests.values())
    code = in_child(run, PATIENCE * limit, limit)
    state = {None: "timed out", -signal.SIGXCPU: "timed out", 0: "survived"}.get(code, "killed")
    failed = report.read_text() if report.exists() else ""
    return state, failed or exit_code(code)


def fresh_worker(connection: Connection[Any, Any], copy: Callable[[], Path]) -> None:
    """Run mutants in processes that load all modules themselves."""
    tree = copy()
    enter(tree)
    for mutant, tests in received(connection):
        files = sorted({name.split("::")[0] for name in tests})
        with mutated(tree, mutant) as (_, after):
            run = partial(run_pytest, files)
            connection.send(outcome(tree, tests, run) if compiles(after) else ("invalid", ""))
