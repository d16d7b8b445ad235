"""The number of model calls of each program that was published with VisProg."""

from __future__ import annotations

from tests.benchmarks.batching import Stub, noise, passes_of, stubbed
from tests.benchmarks.paper_programs import paper_programs


def test_134_calls_of_the_published_programs_take_108_passes() -> None:
    pictures = {name: noise(64, 48, seed) for seed, name in enumerate(("IMAGE", "LEFT", "RIGHT"))}
    session = stubbed(Stub())
    checked = [(program, session.check(program)) for _, program in paper_programs()]
    assert len(checked) == 55
    [faulty] = [each for _, each in checked if not each.ok]
    assert [each.code for each in faulty.diagnostics if each.is_error] == ["unknown-variable"]
    sound = [program for program, each in checked if each.ok]
    assert sum(passes_of(program, pictures, batching=False) for program in sound) == 134
    assert sum(passes_of(program, pictures, batching=True) for program in sound) == 108
