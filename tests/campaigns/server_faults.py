"""Asks servers that do wrong: `python -m tests.campaigns.server_faults --seconds 60 --seed 1`.

Each round takes a mode by chance, and a way by which its answer travels. What comes must be the answer or the
typed error that the mode names, after so many requests, and no secret may be seen anywhere.
"""

from __future__ import annotations

import argparse
import base64
import random
import sys
import time
import traceback
import urllib.parse
from collections import Counter
from typing import NamedTuple

from tests.campaigns.server_fault_modes import MODES
from tests.campaigns.server_fault_replies import DEADLINE, KEY, LOGIN, MAX_BYTES, PASSWORD, Mode, Wire
from tests.models.openai_server import OpenAIServer
from visprog.errors import ModelError
from visprog.models.backends.openai.service import Service
from visprog.models.roles import Completion

RETRIES = 2
PLENTY = 30.0
"""Seconds for a call that must not run into its deadline."""

SECRETS = (
    KEY[:12],
    KEY[-8:],
    PASSWORD,
    base64.b64encode(LOGIN.encode()).decode().rstrip("="),
    base64.b64encode(KEY.encode()).decode().rstrip("="),
    urllib.parse.quote(PASSWORD, safe=""),
    urllib.parse.quote(PASSWORD, safe="").lower(),
    KEY.encode().hex(),
    "hidden1",
)


class Result(NamedTuple):
    """What came of a call: an answer or an error, and the number of requests that the server got."""

    outcome: Completion | ModelError
    requests: int


def ask(mode: Mode, wire: Wire, deadline: float) -> Result:
    """Ask a server that behaves like this, with a key and a login."""
    fields = {
        "model": "small",
        "messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hello"}],
    }
    with OpenAIServer(*(reply(wire) for reply in mode.replies)) as server:
        address = server.url.replace("://", f"://{urllib.parse.quote(LOGIN, safe=':')}@")
        service = Service(
            base_url=address,
            key=KEY,
            deadline=deadline,
            max_bytes=MAX_BYTES,
            retries=RETRIES,
            sleep=lambda seconds: None,
        )
        try:
            outcome: Completion | ModelError = service.complete({**fields, **mode.fields})
        except ModelError as fault:
            outcome = fault
        finally:
            service.close()
        return Result(outcome, len(server.received))


def complaints(mode: Mode, wire: Wire = Wire()) -> list[str]:  # noqa: B008  # it is immutable
    """Return what is wrong with what came of a mode; nothing if all is well."""
    outcome, requests = ask(mode, wire, DEADLINE if mode.endless else PLENTY)
    shown = _everything(outcome)
    found = [f"shows {secret!r}" for secret in SECRETS if secret in shown]
    if requests != mode.requests:
        found.append(f"{requests} requests instead of {mode.requests}")
    if isinstance(outcome, Completion):
        found += _wrong_answer(outcome, mode)
    elif type(outcome) is not mode.error:
        found.append(f"raised {outcome!r} instead of {mode.error}")
    elif mode.words not in outcome.message:
        found.append(f"says {outcome.message!r} instead of {mode.words!r}")
    elif not outcome.help:
        found.append("says nothing that helps")
    return found


def _wrong_answer(outcome: Completion, mode: Mode) -> list[str]:
    found = []
    if mode.error is not None or outcome.text != mode.answer:
        found.append(f"answered {outcome.text[:200]!r} instead of {mode.error or mode.answer!r}")
    if mode.remark not in " ".join(outcome.remarks) or (outcome.remarks and not mode.remark):
        found.append(f"remarks {outcome.remarks!r} instead of {mode.remark!r}")
    return found


def _everything(outcome: Completion | ModelError) -> str:
    if isinstance(outcome, Completion):
        return repr(outcome)
    return "".join(traceback.format_exception(outcome)) + repr(vars(outcome))


def any_wire(chance: random.Random) -> Wire:
    """Return some way for a body to travel."""
    return Wire(chance.choice([1, 1, 2, 7, 40]), chance.random() < 0.5, chance.random() < 0.3)


def main() -> int:
    """Run modes until the time or the count is used up; return 1 if something was found."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--count", type=int, default=sys.maxsize)
    options = parser.parse_args()
    chance, ends = random.Random(options.seed), time.monotonic() + options.seconds
    tried: Counter[str] = Counter()
    found: dict[str, str] = {}
    while time.monotonic() < ends and tried.total() < options.count:
        name = chance.choice(list(MODES))
        wire = any_wire(chance)
        tried[name] += 1
        for complaint in complaints(MODES[name], wire):
            found.setdefault(f"{name}: {complaint}", f"{wire}")
    lines = [f"{tried.total()} calls in {len(tried)} of {len(MODES)} modes, seed {options.seed}"]
    lines += [f"FOUND {complaint} [{where}]" for complaint, where in found.items()]
    sys.stdout.write("\n".join([*lines, f"{len(found)} found", ""]))
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
