"""Mutation testing: changes the source in one place at a time, and lists the changes that no test notices.

    python -m tests.campaigns.mutants visprog/language
    python -m tests.campaigns.mutants visprog modules --skip visprog/language --count 500 --seed 1

Needs `pip install mutmut coverage`. Start it from the root of the tree. The first run measures which test
covers which line. Each mutant is then run in a temporary copy of the tree against the passing tests that
cover its line, the quickest first, until one fails. A change outside functions is run against the tests that
enter a function of its file, or of a file that imports it. Results are kept in --folder: a later run resumes
there, and `--again` repeats the survivors.
"""

from __future__ import annotations

import argparse
import json
import random
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any

try:
    from tests.campaigns.mutant_coverage import Coverage, combine
    from tests.campaigns.mutant_session import session_worker
    from tests.campaigns.mutant_source import Mutant, diff, find_mutants
    from tests.campaigns.mutant_tests import RELOAD, fresh_worker, serve
except ModuleNotFoundError as missing:
    raise SystemExit(f"{missing}: run `pip install mutmut coverage`") from None

ROOT = Path.cwd()

LEFT_OUT = ("visprog/planner/examples", "visprog/models/mini")
"""Folders without code of interest: examples for the planner, weights."""

NO_TESTS = (
    "tests/batch/test_cluster.py",
    "tests/batch/test_killed.py",
    "tests/campaigns",
    "tests/models/test_lecture_programs.py",
    "tests/models/test_pulling.py",
    "tests/test_docs.py",
    "tests/test_readme.py",
    "tests/test_source_tree.py",
    "tests/trace/test_page_in_chromium.py",
    "tests/training",
)
"""Tests that are too slow for each mutant, or that look at the tree and not at what the code does."""

FOUND = ("survived", "not covered")
STATES = ("killed", "timed out", *FOUND)


def source_files(
    paths: Iterable[str], skipped: Iterable[str], left_out: Iterable[str] = LEFT_OUT
) -> list[str]:
    """Return the Python files in these folders, relative to the tree, sorted."""
    folders = [ROOT / each for each in (*left_out, *skipped)]
    found = set()
    for path in map(Path, paths):
        for each in [path] if path.is_file() else path.rglob("*.py"):
            if not any(each.resolve().is_relative_to(folder) for folder in folders):
                found.add(str(each.resolve().relative_to(ROOT)))
    return sorted(found)


def test_files(paths: Iterable[str]) -> list[str]:
    """Return the test files in these folders, relative to the tree, sorted."""
    return [each for each in source_files(paths, NO_TESTS, ()) if Path(each).name.startswith("test_")]


def choose(files: list[str], count: int | None, seed: int) -> list[Mutant]:
    """Return the mutants of these files: all, or a random sample of `count`."""
    sources = {file: Path(file).read_text() for file in files}
    mutants = [mutant for file, source in sources.items() for mutant in find_mutants(file, source)]
    if count is not None:
        random.Random(seed).shuffle(mutants)
    return mutants[:count]


def copy_tree(folder: Path) -> Path:
    """Copy the files of the work tree, without those that git ignores, into a new folder."""
    tree = Path(tempfile.mkdtemp(dir=folder)).resolve()
    listed = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    names = subprocess.run(listed, cwd=ROOT, capture_output=True, check=True).stdout
    pack = ["tar", "--null", "--files-from=-", "--ignore-failed-read", "-cf", "-"]
    packed = subprocess.run(pack, cwd=ROOT, input=names, capture_output=True, check=True).stdout
    subprocess.run(["tar", "-xf", "-", "-C", str(tree)], input=packed, check=True)
    return tree


def read_lines(path: Path) -> Iterator[dict[str, Any]]:
    """Yield what earlier runs wrote to a file of JSON lines."""
    if path.exists():
        with path.open() as file:
            yield from map(json.loads, file)


def measure(tests: list[str], store: Path, most: float, workers: int, copy: Callable[[], Path]) -> Coverage:
    """Run the test files that are not in the store yet, and return what all of them cover."""
    sources = {file: Path(file).read_text() for file in source_files(["visprog", "modules"], [], ())}
    source = "".join(sources.values())
    names = {test: sha256((source + Path(test).read_text()).encode()).hexdigest() for test in tests}
    known = {each["name"]: each for each in read_lines(store) if each["name"] in names.values()}
    new = [test for test, name in names.items() if name not in known]
    with store.open("a") as file:
        for test, found in serve(new, workers, session_worker, copy, new):
            known[names[test]] = {"name": names[test], **found}
            file.write(json.dumps(known[names[test]]) + "\n")
            file.flush()
    return combine(sources, known.values(), most)


def judge(
    mutants: list[Mutant], coverage: Coverage, workers: int, copy: Callable[[], Path]
) -> Iterator[tuple[Mutant, str, str]]:
    """Run the mutants. Yield each with what became of it, and the test that failed."""
    jobs = [(each, coverage.tests_of(each)) for each in mutants]
    covered = [job for job in jobs if job[1]]
    yield from ((mutant, "not covered", "") for mutant, tests in jobs if not tests)
    files = sorted({name.split("::")[0] for _, tests in covered for name in tests})
    reload = [job for job in covered if not job[0].in_function]
    quick = [job for job in covered if job[0].in_function]
    for job, (state, test) in serve(quick, workers, session_worker, copy, files):
        if state == RELOAD:
            reload.append(job)
        elif state == "survived" and not coverage.running(job[0]):
            yield job[0], "not covered", test
        else:
            yield job[0], state, test
    for job, (state, test) in serve(reload, workers, fresh_worker, copy):
        yield job[0], state, test


def summary(results: list[dict[str, str]]) -> str:
    """Return the survivors, the count of each state and the score."""
    results = [each for each in results if each["state"] != "invalid"]
    survivors = [each for each in results if each["state"] in FOUND]
    lines = []
    for each in survivors:
        path, line = each["key"].split(":")[:2]
        lines.append(f"{path}:{line}: {each['state']} ({each['key']})\n{each['diff']}\n")
    counts = Counter(each["state"] for each in results)
    score = 100 * (len(results) - len(survivors)) / max(1, len(results))
    states = ", ".join(f"{counts[state]} {state}" for state in STATES)
    return "\n".join([*lines, f"{len(results)} mutants: {states}; score {score:.1f}%"])


def main() -> int:
    """Run the mutants that the command line asks for, and print what was found."""
    plain = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=plain)
    parser.add_argument("paths", nargs="+", help="files and folders to mutate")
    parser.add_argument("--skip", nargs="+", default=[], help="files and folders to leave out")
    parser.add_argument("--count", type=int, help="size of a random sample; without it, all mutants")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--tests", nargs="+", default=["tests"], help="files and folders of tests to use")
    parser.add_argument("--most", type=float, default=8.0, help="seconds of tests for each mutant")
    parser.add_argument("--folder", type=Path, default=Path("build/mutants"), help="where results are kept")
    parser.add_argument("--again", action="store_true", help="repeat the mutants that survived before")
    parser.add_argument("--workers", type=int, default=2)
    given = parser.parse_args()
    given.folder.mkdir(parents=True, exist_ok=True)
    start = time.monotonic()
    mutants = choose(source_files(given.paths, given.skip), given.count, given.seed)
    checkpoint = given.folder / "results.jsonl"
    known = {each["key"]: each for each in read_lines(checkpoint)}
    done = {key for key, each in known.items() if not (given.again and each["state"] in FOUND)}
    waiting = [each for each in mutants if each.key not in done]
    with tempfile.TemporaryDirectory(prefix="mutants-") as folder, checkpoint.open("a") as file:
        copy = partial(copy_tree, Path(folder))
        tests = test_files(given.tests)
        coverage = measure(tests, given.folder / "coverage.jsonl", given.most, given.workers, copy)
        print(f"{time.monotonic() - start:.0f} s: {len(waiting)} mutants to run", flush=True)
        for number, (mutant, state, test) in enumerate(judge(waiting, coverage, given.workers, copy), 1):
            source = Path(mutant.path).read_text()
            change = diff(source, mutant.apply(source))
            known[mutant.key] = {"key": mutant.key, "state": state, "test": test, "diff": change}
            file.write(json.dumps(known[mutant.key]) + "\n")
            file.flush()
            if number % 50 == 0:
                print(f"{time.monotonic() - start:.0f} s: {number} of {len(waiting)}", flush=True)
    results = [known[each.key] for each in mutants if each.key in known]
    print(summary(results))
    return 1 if any(each["state"] in FOUND for each in results) else 0


if __name__ == "__main__":
    sys.exit(main())
