"""Options behind a model's name, as the command line has them."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from visprog.cli.sessions import make_zoo
from visprog.errors import UsageError
from visprog.models.option_text import split_options
from visprog.models.profile import read_spec

CASES: dict[str, tuple[str, dict[str, Any]]] = {
    "openai": ("openai", {}),
    "openai:gpt-5": ("openai:gpt-5", {}),
    "openai,deadline=300": ("openai", {"deadline": 300}),
    "openai:gpt-5,deadline=300,base_url=http://h:8/v1": (
        "openai:gpt-5",
        {"deadline": 300, "base_url": "http://h:8/v1"},
    ),
    "openai:m, temperature=0.5 , structured=false": ("openai:m", {"temperature": 0.5, "structured": False}),
    "openai:m,base_url=http://h/openai/deployments/d?api-version=1,max_tokens=5": (
        "openai:m",
        {"base_url": "http://h/openai/deployments/d?api-version=1", "max_tokens": 5},
    ),
    "openai:m,base_url='http://h/v1?a=1,b=2'": ("openai:m", {"base_url": "http://h/v1?a=1,b=2"}),
    "openai:m,parameters={top_p=0.9,stop=['a,b=']},deadline=1": (
        "openai:m",
        {"parameters": {"top_p": 0.9, "stop": ["a,b="]}, "deadline": 1},
    ),
    "openai:m,parameters.top_p=0.9,parameters.seed=1": (
        "openai:m",
        {"parameters": {"top_p": 0.9, "seed": 1}},
    ),
    "openai:m,reasoning_effort=low": ("openai:m", {"reasoning_effort": "low"}),
    "openai:m,note=2024-10-21": ("openai:m", {"note": "2024-10-21"}),
    "openai:m,note=": ("openai:m", {"note": ""}),
    "openai:m,note='open": ("openai:m", {"note": "'open"}),
    "openai:m,note=a\nb=1": ("openai:m", {"note": "a\nb=1"}),
    "openai:m,note=1\nb=1": ("openai:m", {"note": "1\nb=1"}),
    "transformers:org/model@a,b": ("transformers:org/model@a,b", {}),
}


@pytest.mark.parametrize("written", CASES)
def test_options_are_read_as_toml_or_as_text(written: str) -> None:
    assert CASES[written] == split_options(written)


@pytest.mark.parametrize("written", ["openai,a=1,a=2", "openai,p={x=1},p.x=2", "openai,p=1,p.x=2"])
def test_an_option_given_twice_is_an_error(written: str) -> None:
    with pytest.raises(UsageError, match="is given twice"):
        split_options(written)


@given(st.text("ab,=[]{}'\"\\. \n1-:", max_size=60))
def test_any_text_is_read_or_rejected(written: str) -> None:
    try:
        model, options = split_options(written)
    except UsageError:
        return
    assert model in written
    assert all("=" in written and name in written for name in options)


def test_the_command_line_sets_the_options_of_a_role() -> None:
    zoo = make_zoo("base", ["language_model=openai:gpt-5,deadline=300,base_url=http://h/v1,max_tokens=9"])
    spec = zoo.spec("language_model")
    assert spec is not None
    assert spec[:2] == ("openai", "gpt-5")
    assert spec.options == {"deadline": 300, "base_url": "http://h/v1", "max_tokens": 9}


def test_options_in_the_table_override_those_after_the_name() -> None:
    spec = read_spec("language_model", {"model": "openai:m,deadline=1,max_tokens=2", "deadline": 3})
    assert spec.options == {"deadline": 3, "max_tokens": 2}


def test_a_wrong_option_of_the_command_line_is_named_without_a_login() -> None:
    with pytest.raises(UsageError, match="no option `spead`") as caught:
        make_zoo("base", ["language_model=openai:m,base_url=http://u:sEcr3t@h/v1,spead=1"])
    assert "sEcr3t" not in str(caught.value)


def test_a_login_in_an_option_is_not_shown() -> None:
    zoo = make_zoo("base", ["language_model=openai:m,base_url=http://u:sEcr3t@h/v1"])
    assert "sEcr3t" not in f"{zoo.spec('language_model')}{zoo.fingerprint('language_model')}"
