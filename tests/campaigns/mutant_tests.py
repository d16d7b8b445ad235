"""Run tests against mutants, each in a process of its own, and measure which tests run which lines."""

from __future__ import annotations

import contextlib
import gc
import importlib.util
import itertools
import json
import math
import os
import resource
import signal
import sys
import time
import traceback
import warnings
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from multiprocessing import Pipe, Process
from multiprocessing.connection import Connection, wait
from pathlib import Path
from types import CodeType, FunctionType
from typing import Any, TypeAlias

import coverage
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


class _Tests:
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


@contextlib.contextmanager
def _mutated(tree: Path, mutant: Mutant) -> Iterator[tuple[str, str]]:
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


def _outcome(tree: Path, tests: dict[str, float], work: Callable[[_Tests], int]) -> tuple[str, str]:
    report = tree / "first_failure.txt"
    report.unlink(missing_ok=True)

    def run() -> int:
        plugin = _Tests(tests)
        code = work(plugin)
        report.write_text(plugin.failed)
        return code

    limit = LIMIT + sum(tests.values())
    code = in_child(run, PATIENCE * limit, limit)
    state = {None: "timed out", -signal.SIGXCPU: "timed out", 0: "survived", 4: RELOAD}.get(code, "killed")
    return state, report.read_text() if report.exists() else f"exit code {code}"


def fresh_worker(connection: Connection[Any, Any], copy: Callable[[], Path]) -> None:
    """Run mutants in processes that load all modules themselves."""
    tree = copy()
    enter(tree)
    for mutant, tests in received(connection):
        files = sorted({name.split("::")[0] for name in tests})
        with _mutated(tree, mutant) as (_, after):
            run = partial(run_pytest, files)
            connection.send(_outcome(tree, tests, run) if compiles(after) else ("invalid", ""))


def session_worker(connection: Connection[Any, Any], copy: Callable[[], Path], files: list[str]) -> None:
    """Collect all tests once; run mutants in forks of this process that replace the changed functions."""
    tree = copy()
    enter(tree)
    run_pytest(files, _Session(connection, tree))


class _Session:
    def __init__(self, connection: Connection[Any, Any], tree: Path) -> None:
        self.connection = connection
        self.tree = tree
        self.items: dict[str, pytest.Item] = {}
        self.functions: list[FunctionType] = []

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        self.items = {item.nodeid: item for item in session.items}
        functions = (each for each in gc.get_objects() if type(each) is FunctionType)  # proxies warn
        self.functions = [each for each in functions if each.__code__.co_filename.startswith(str(self.tree))]
        gc.freeze()
        for job in received(self.connection):
            self.connection.send(self._measure(job) if isinstance(job, str) else self._judge(*job))
        return True

    def _judge(self, mutant: Mutant, tests: dict[str, float]) -> tuple[str, str]:
        with _mutated(self.tree, mutant) as (before, after):
            if not compiles(after):
                return "invalid", ""

            def work(plugin: _Tests) -> int:
                if not self._patch(mutant.path, before, after):
                    return 4
                self._run(plugin)
                return 1 if plugin.failed else 0

            return _outcome(self.tree, tests, work)

    def _run(self, plugin: _Tests, before_each: Callable[[str], None] | None = None) -> None:
        items = [self.items[name] for name in plugin.names]
        items[0].config.pluginmanager.register(plugin)
        for item, following in itertools.pairwise([*items, None]):
            assert item is not None
            if before_each is not None:
                before_each(item.nodeid)
            item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
            if plugin.failed and before_each is None:
                break

    def _patch(self, path: str, before: str, after: str) -> bool:
        """Replace the code of a file's functions. Return False if that is impossible."""
        old, new = _codes(before), _codes(after)
        places = {(code.co_qualname, code.co_firstlineno): key for key, code in old.items()}
        if old.keys() != new.keys():
            return False
        for function in self.functions:
            code = function.__code__
            if os.path.realpath(code.co_filename) == str(self.tree / path):
                changed = new[places[code.co_qualname, code.co_firstlineno]]
                try:
                    function.__code__ = changed.replace(co_filename=code.co_filename)
                except ValueError:  # other variables of the enclosing function
                    return False
        return True

    def _measure(self, path: str) -> dict[str, Any]:
        """Run the tests of a file. Return the seconds of those that pass, and the lines that each runs."""
        names = [name for name in self.items if name.split("::")[0] == path]
        report = self.tree / "measured.json"
        report.write_text(json.dumps({"seconds": {}, "lines": {}}))

        def work() -> int:
            included = [str(self.tree / each / "*") for each in ("visprog", "modules")]
            measured = coverage.Coverage(data_file=None, include=included, messages=False)
            plugin = _Tests(names)
            measured.start()
            self._run(plugin, measured.switch_context)
            measured.stop()
            with warnings.catch_warnings(action="ignore"):  # all tests of the file may be skipped
                data = measured.get_data()
            lines = {
                os.path.relpath(os.path.realpath(file), self.tree): data.contexts_by_lineno(file)
                for file in data.measured_files()
            }
            seconds = {name: plugin.seconds[name] for name in plugin.passed}
            report.write_text(json.dumps({"seconds": seconds, "lines": lines}))
            return 0

        if names:
            in_child(work, MEASURING)
        found: dict[str, Any] = json.loads(report.read_text())
        return found


def _codes(source: str) -> dict[tuple[str, int], CodeType]:
    """Return the code of all functions, by qualified name and number among those of that name."""
    found: dict[tuple[str, int], CodeType] = {}
    waiting = [compile(source, "mutant", "exec", dont_inherit=True)]
    while waiting:
        code = waiting.pop()
        number = sum(name == code.co_qualname for name, _ in found)
        found[code.co_qualname, number] = code
        waiting += [each for each in code.co_consts if isinstance(each, CodeType)]
    return found
