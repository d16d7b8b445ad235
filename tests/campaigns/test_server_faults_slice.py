"""Every way in which a server does wrong, once."""

from __future__ import annotations

import random
from concurrent.futures import ThreadPoolExecutor

from tests.campaigns.server_fault_modes import MODES
from tests.campaigns.server_faults import any_wire, complaints


def test_every_fault_of_a_server_has_the_outcome_that_it_should() -> None:
    chance = random.Random(1)
    wires = [any_wire(chance) for _ in MODES]
    with ThreadPoolExecutor(4) as pool:
        found = dict(zip(MODES, pool.map(complaints, MODES.values(), wires), strict=True))
    assert {name: wrong for name, wrong in found.items() if wrong} == {}
    assert len(found) > 200
