"""Whatever a program builds, it ends soon, with bounded memory, as a failed step."""

from __future__ import annotations

import time
import tracemalloc
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.engine.steps import session, statuses
from visprog import Run, VisProg, tool


def doubled(times: int, start: str = "'x' + 'y'") -> list[str]:
    return [
        f'T0=Eval("{start}")',
        *(f'T{n}=Eval("{{T{n - 1}}} + str({{T{n - 1}}})")' for n in range(1, times + 1)),
    ]


def listed(lines: list[str], last: str, copies: int = 100, rounds: int = 2) -> list[str]:
    for place in range(rounds):
        lines = [*lines, f'L{place}=Eval("[{", ".join([f"{{{last}}}"] * copies)}]")']
        last = f"L{place}"
    return lines


WRAPPED = [f'A{n}=Eval("{"[" * 38}{{A{n - 1}}}{"]" * 38}")' for n in range(1, 27)]
FLAT = [f"F{n}=Result([{', '.join([f'F{n - 1}'] * 100)}])" for n in range(1, 4)]
BOMBS = {
    "text doubled": [*doubled(14), "RESULT=T14"],
    "long text in a list": [*listed(doubled(12), "T12"), 'RESULT=Eval("sorted({L1})")'],
    "long text, long list": [*doubled(12), *[f'RESULT{n}=Eval("[{"{T12}, " * 99}]")' for n in range(9)]],
    "lists doubled": [*doubled(20, "[1]"), "RESULT=T20"],
    "brackets around brackets": ['A0=Eval("[1]")', *WRAPPED, "RESULT=A26"],
    "brackets as arguments": [
        'A0=Eval("1")',
        *(f"A{n}=Result([[[[[[[A{n - 1}]]]]]]])" for n in range(1, 27)),
        "RESULT=A26",
    ],
    "lists of lists as arguments": ['F0=Eval("1")', *FLAT, "RESULT=F3"],
    "long text compared": [*doubled(13), f'RESULT=Eval("{" and ".join(["{T13} == {T13}"] * 20)}")'],
}
BOMBS["long text, long list"][-1] = BOMBS["long text, long list"][-1].replace("RESULT8", "RESULT")


def endings(run: Run) -> list[str]:
    return ["done" if status == "cached" else status for status in statuses(run)]


def finished(given: VisProg, program: str) -> Run:
    run = given.execute(program)
    run.to_json()
    return run


@pytest.mark.parametrize("kind", BOMBS)
def test_a_bomb_ends_as_a_failed_step(kind: str) -> None:
    given = session()
    tracemalloc.start()
    start = time.process_time()
    try:
        run = finished(given, "\n".join(BOMBS[kind]))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert run.error is not None
    assert peak < 100_000_000
    assert time.process_time() - start < 20


@pytest.mark.parametrize("kind", BOMBS)
def test_a_bomb_always_ends_the_same_way(kind: str) -> None:
    program = "\n".join(BOMBS[kind])
    given = session()
    with ThreadPoolExecutor(8) as threads:
        runs = list(threads.map(lambda _: given.execute(program), range(8)))
    runs += [session(workers=8).execute(program), session(memory=0, workers=1).execute(program)]
    assert len({(str(run.error), *endings(run)) for run in runs}) == 1


def test_the_largest_programs_end_soon() -> None:
    answers = ", ".join(["{A}"] * 60)
    lines = ['A=Eval("[' + "'yes', " * 30 + ']")', f'B=Eval("[{answers}]")']
    lines += [f'C{n}=Eval("{{B}} == {{B}} and len({{B}}) > {n}")' for n in range(190)]
    start = time.process_time()
    run = session().execute("\n".join([*lines, f"RESULT=Result([{', '.join(f'C{n}' for n in range(190))}])"]))
    assert run.ok
    assert time.process_time() - start < 20


DEEP: list[object] = []
for _ in range(2_000):
    DEEP = [DEEP]
ENDLESS: list[object] = []
ENDLESS.append(ENDLESS)


@pytest.mark.parametrize(
    ("large", "message"),
    [
        (DEEP, "nested more than 40 levels deep"),
        (ENDLESS, "nested more than 40 levels deep"),
        (["x"] * 20_000, "more than 10,000 values"),
        (["x" * 1_000] * 200, "more than 100,000 characters"),
    ],
)
def test_what_a_tool_of_ones_own_returns_is_bounded_too(
    tmp_path: Path, large: list[str], message: str
) -> None:
    @tool("Large")
    def build() -> list[str]:
        """Return too much."""
        return large

    run = session(build, cache=tmp_path).execute("RESULT=Large()")
    assert run.error is not None
    assert message in run.error.message
    run.save(tmp_path / "trace.html")
