"""Errors keep their attributes when they are sent to another process."""

from __future__ import annotations

import copy
import pickle

import pytest

from visprog import PlanError, ProgramError, StepError, VisProg, VisProgError, errors
from visprog.models.roles import Message

KINDS = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, VisProgError)]


def example(kind: type[VisProgError]) -> VisProgError:
    diagnostics = VisProg().check("RESULT=Loc(IMAGE, 'a')\nB=", ["IMAGE"]).diagnostics
    assert diagnostics
    if kind is StepError:
        return StepError("it failed", step="A", line=3, help="try again")
    if kind is ProgramError:
        return ProgramError("it has errors", diagnostics, help="correct it")
    if kind is PlanError:
        said = [Message("user", "Count the cats")]
        return PlanError("no plan", program="A=", diagnostics=diagnostics, transcript=said)
    return kind("it failed", help="try again")


@pytest.mark.parametrize("kind", KINDS)
def test_an_error_keeps_its_attributes_after_pickling_and_copying(kind: type[VisProgError]) -> None:
    error = example(kind)
    for other in (pickle.loads(pickle.dumps(error)), copy.copy(error)):
        assert type(other) is kind
        assert str(other) == str(error)
        assert other.args == error.args
        assert vars(other) == vars(error)
