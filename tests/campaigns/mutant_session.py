"""Run mutants in forks of one process that has collected all tests: loading everything each time is slow."""

from __future__ import annotations

import gc
import itertools
import json
import os
import warnings
from collections.abc import Callable
from importlib.abc import InspectLoader
from multiprocessing.connection import Connection
from pathlib import Path
from types import CodeType, FunctionType
from typing import Any

import coverage
import pytest

from tests.campaigns.mutant_source import Mutant, compiles
from tests.campaigns.mutant_tests import (
    MEASURING,
    RELOAD,
    Tests,
    enter,
    exit_code,
    in_child,
    mutated,
    outcome,
    received,
    run_pytest,
)

_CANNOT = 90
"""Exit code of a process that cannot put the mutant into the loaded modules."""


def session_worker(connection: Connection[Any, Any], copy: Callable[[], Path], files: list[str]) -> None:
    """Collect all tests once; run mutants in forks of this process that replace the changed functions."""
    tree = copy()
    enter(tree)
    run_pytest(files, _Session(connection, tree))


class _Session:
    """A pytest plugin that does jobs instead of running the collected tests."""

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
        with mutated(self.tree, mutant) as (before, after):
            if not compiles(after):
                return "invalid", ""

            def work(plugin: Tests) -> int:
                if not self._patch(mutant.path, before, after):
                    return _CANNOT
                self._run(plugin)
                return 1 if plugin.failed else 0

            state, test = outcome(self.tree, tests, work)
            return (RELOAD, "") if test == exit_code(_CANNOT) else (state, test)

    def _run(self, plugin: Tests, before_each: Callable[[str], None] | None = None) -> None:
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
            plugin = Tests(names)
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
    waiting = [InspectLoader.source_to_code(source)]
    while waiting:
        code = waiting.pop()
        number = sum(name == code.co_qualname for name, _ in found)
        found[code.co_qualname, number] = code
        waiting += [each for each in code.co_consts if isinstance(each, CodeType)]
    return found
