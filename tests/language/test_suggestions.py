"""For an unknown name a known one is suggested if it is near enough: six tenths of both names agree."""

from __future__ import annotations

import pytest

from tests.language.test_mutants import INPUTS, REGISTRY
from visprog.language.checker import check
from visprog.language.parser import parse


def advised(known: str, written: str) -> str:
    """Return the help for a variable that is written in one way and defined in another."""
    program = f"{known}=Loc(image=IMAGE, object='dog')\nRESULT=Count(object={written})"
    faults = [each for each in check(parse(program), REGISTRY, INPUTS).diagnostics if each.is_error]
    assert [each.code for each in faults] == ["unknown-variable"]
    return faults[0].help or ""


def is_suggested(known: str, written: str) -> bool:
    """Return whether the known name alone is offered, not a list of all names."""
    words = advised(known, written)
    return f"`{known}`" in words and "`IMAGE`" not in words


@pytest.mark.parametrize(
    "written",
    [
        "DOGXY",  # three of five letters agree: 0.6
        "DOGSX",
        "DOGSS",
        "dogs1",
    ],
)
def test_a_name_of_which_six_tenths_agree_is_suggested(written: str) -> None:
    assert is_suggested("DOGS1", written)


@pytest.mark.parametrize("written", ["DOXXXX", "DOGXYZ", "DXYZW"])
def test_a_name_of_which_less_agrees_is_not_suggested(written: str) -> None:
    assert not is_suggested("DOGS1", written)


def test_without_a_near_name_the_known_ones_are_listed() -> None:
    assert "`IMAGE`" in advised("DOGS1", "WXYZ")
    assert "`DOGS1`" in advised("DOGS1", "WXYZ")


def test_of_two_near_names_the_nearer_is_suggested() -> None:
    program = (
        "CAR=Loc(image=IMAGE, object='car')\nCARTS=Loc(image=IMAGE, object='cart')\nRESULT=Count(object={})"
    )
    for written, meant in (("CARR", "CAR"), ("CART", "CARTS"), ("CARTZ", "CARTS")):
        faults = check(parse(program.format(written)), REGISTRY, INPUTS).diagnostics
        words = next(each.help for each in faults if each.code == "unknown-variable") or ""
        assert f"`{meant}`" in words, (written, words)


@pytest.mark.parametrize(
    ("statement", "meant"),
    [
        ("RESULT=Lok(image=IMAGE, object='dog')", "Loc"),
        ("RESULT=FaceDat(image=IMAGE)", "FaceDet"),
        ("RESULT=Loc(image=IMAGE, objekt='dog')", "object"),
        ("RESULT=Loc(imgae=IMAGE, object='dog')", "image"),
    ],
)
def test_tools_and_arguments_are_suggested_too(statement: str, meant: str) -> None:
    faults = [each for each in check(parse(statement), REGISTRY, INPUTS).diagnostics if each.is_error]
    assert [f"`{meant}`" in (each.help or "") for each in faults] == [True]
