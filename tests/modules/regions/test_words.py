"""Words such as 'left of' are checked before a program runs; other words for them are replaced."""

from __future__ import annotations

import pytest

from visprog.language.checker import check
from visprog.language.parser import parse
from visprog.language.types import Type
from visprog.modules import TOOLS
from visprog.modules.regions.geometry import EXTREMES, ORDERS, RELATIONS
from visprog.tools import Registry

REGISTRY = Registry(TOOLS)
CALLS = {
    "relation": "Relate(object=BOX, relation={}, to=BOX)",
    "by": "Pick(object=BOX, by={})",
    "what": "Measure(object=BOX, what={})",
}
WORDS = {
    name: parameter.words
    for name, call in CALLS.items()
    if (signature := REGISTRY.signature(call.split("(")[0])) is not None
    if (parameter := signature.parameter(name)) is not None
}


def found(parameter: str, written: str) -> tuple[str, list[str], str]:
    """Return the word that is read, the codes of what was found, and the advice."""
    call = CALLS[parameter].format(written)
    program = f"BOX=Loc(image=IMAGE, object='dog')\nRESULT={call}"
    checked = check(parse(program), REGISTRY, {"IMAGE": Type.IMAGE})
    advice = " ".join(each.help or "" for each in checked.diagnostics)
    return str(checked.steps[1].arguments[parameter]), [each.code for each in checked.diagnostics], advice


def test_the_words_are_those_of_the_geometry() -> None:
    assert set(WORDS["by"]) == set(ORDERS)
    assert set(WORDS["relation"]) == {*RELATIONS, *EXTREMES}


@pytest.mark.parametrize(("name", "word"), [(name, word) for name, words in WORDS.items() for word in words])
def test_each_word_is_accepted(name: str, word: str) -> None:
    assert found(name, repr(word)) == (repr(word), [], "")


@pytest.mark.parametrize("written", ["LEFT OF", "left_of", "left-of", " Left of ", "to the left of"])
def test_other_spellings_and_synonyms_are_corrected(written: str) -> None:
    assert found("relation", repr(written))[:2] == ("'left of'", ["mended"])


@pytest.mark.parametrize(
    ("name", "written", "word"),
    [
        ("relation", "nearst", "nearest"),
        ("relation", "belwo", "below"),
        ("by", "scores", "score"),
        ("by", "bigest", "size"),
        ("what", "hight", "height"),
    ],
)
def test_another_word_is_an_error_with_a_suggestion_and_all_words(name: str, written: str, word: str) -> None:
    _, codes, advice = found(name, repr(written))
    assert codes == ["wrong-word"]
    assert f"did you mean '{word}'?" in advice
    assert all(repr(each) in advice for each in WORDS[name])


@pytest.mark.parametrize(("written", "by"), [("smallest", "size"), ("Shortest", "height")])
def test_words_for_the_end_of_an_order_get_a_hint(written: str, by: str) -> None:
    _, codes, advice = found("by", repr(written))
    assert codes == ["wrong-word"]
    assert advice == f"write `by='{by}', place=-1`"


@pytest.mark.parametrize("written", ["'zzz'", "'in front of'", "''"])
def test_a_word_like_none_of_them_gets_no_suggestion(written: str) -> None:
    _, codes, advice = found("relation", written)
    assert codes == ["wrong-word"]
    assert "did you mean" not in advice


@pytest.mark.parametrize("written", ["BOX", "3", "['left of']", "None", "'{BOX}'"])
def test_only_a_word_in_quotes_can_be_chosen(written: str) -> None:
    _, codes, _ = found("relation", written)
    assert codes[0] in ("wrong-type", "wrong-word")
