"""Choose the tests to run against a mutant: those that run its line."""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.campaigns.mutant_source import Mutant

COMMANDS = ("visprog/cli/", "visprog/batch/command.py", "visprog/doctor.py", "visprog/listing.py")
OF_COMMANDS = ("tests/test_cli.py", "tests/test_cli_shown.py", "tests/batch/test_batch_command.py")
"""Tests that start the command line in a separate process, which is not measured."""


@dataclass
class Coverage:
    """The passing tests, how long each takes, and the lines that each runs."""

    seconds: dict[str, float]
    lines: dict[str, dict[int, set[str]]]
    """For each file the tests that run each of its lines."""

    bodies: dict[str, set[str]]
    """For each file the tests that enter one of its functions."""

    importers: dict[str, list[str]]
    """For each file the files that import it."""

    most: float
    """Seconds that the tests of one mutant take at most, as measured without mutants."""

    def tests_of(self, mutant: Mutant) -> dict[str, float]:
        """Return the tests to run against a mutant, the quickest first, with their seconds.

        Those that run its line; without any, those that enter its file or one that imports it. They may run
        the line in a separate process.
        """
        found = self.running(mutant)
        if not found:
            for path in (mutant.path, *self.importers.get(mutant.path, ())):
                found |= self.bodies.get(path, set())
            if mutant.path.startswith(COMMANDS):
                found |= {name for name in self.seconds if name.startswith(OF_COMMANDS)}
        return self._few(found & self.seconds.keys(), _words(mutant.path))

    def running(self, mutant: Mutant) -> set[str]:
        """Return the tests that run the mutant's line; none if it is outside functions."""
        lines = self.lines.get(mutant.path, {}) if mutant.in_function else {}
        for first, last in (mutant.lines, mutant.statement):
            if found := set().union(*(lines.get(line, ()) for line in range(first, last + 1))):
                return found
        return set()

    def _few(self, tests: set[str], words: set[str]) -> dict[str, float]:
        """Return tests within the limit of time, those with paths most like the mutant's first."""
        near = {each: -len(words & _words(each.split("::")[0])) for each in tests}
        chosen: dict[str, float] = {}
        left = self.most
        for each in sorted(tests, key=lambda each: (near[each], self.seconds[each], each)):
            if self.seconds[each] <= left or not chosen:
                chosen[each] = self.seconds[each]
                left -= self.seconds[each]
        return dict(sorted(chosen.items(), key=lambda item: item[1]))


def _words(path: str) -> set[str]:
    return set(re.findall(r"[a-z]+", path))


def combine(sources: dict[str, str], measured: Iterable[dict[str, Any]], most: float) -> Coverage:
    """Return what the measured test files cover of these sources."""
    lines: dict[str, dict[int, set[str]]] = defaultdict(lambda: defaultdict(set))
    seconds: dict[str, float] = {}
    for each in measured:
        seconds.update(each["seconds"])
        for path, tests in each["lines"].items():
            for line, names in tests.items():
                lines[path][int(line)].update(names)
    bodies, importers = {}, {}
    for path, source in sources.items():
        inside = _body_lines(source)
        bodies[path] = {name for line, names in lines[path].items() if line in inside for name in names}
        importers[path] = [other for other, text in sources.items() if _imports(path).search(text)]
    return Coverage(seconds, lines, bodies, importers, most)


def _imports(path: str) -> re.Pattern[str]:
    module = ".".join(Path(path).with_suffix("").parts).removesuffix(".__init__")
    module = module if module.startswith("visprog") else f"visprog.{module}"
    parent, _, name = module.rpartition(".")
    return re.compile(rf"\b{re.escape(module)}\b|from {re.escape(parent)} import .*\b{name}\b")


def _body_lines(source: str) -> set[int]:
    functions = (node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.FunctionDef))
    return {line for each in functions for line in range(each.body[0].lineno, (each.end_lineno or 0) + 1)}
