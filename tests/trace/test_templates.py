"""The faster code to which page templates are compiled writes what Jinja's own code would."""

from __future__ import annotations

from typing import NamedTuple

import pytest
from markupsafe import Markup

from visprog.trace.templates import environment


class Pair(NamedTuple):
    name: str
    items: tuple[int, ...]


def _rendered(template: str, **values: object) -> str:
    return environment("visprog.trace").from_string(template).render(values)


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ("{{ text }}", "&lt;b&gt; &amp; &#34;"),
        ("{{ html }}", "<i>"),
        ("{{ number }}{{ true }}{{ none }}", "3TrueNone"),
        ("{{ text if yes }}|{{ text if no }}|", "&lt;b&gt; &amp; &#34;||"),
        ("{{ 'a' if no else '<b>' }}", "&lt;b&gt;"),
        ("{{ ' open' if yes }}{{ ' open' if no }}", " open"),
        ("{{ pair.name }}{% for item in pair.items %}{{ item }},{% endfor %}", "&lt;1,2,"),
    ],
)
def test_values_are_escaped_once(template: str, expected: str) -> None:
    shown = _rendered(
        template,
        text='<b> & "',
        html=Markup("<i>"),
        number=3,
        true=True,
        none=None,
        yes=True,
        no=False,
        pair=Pair("<", (1, 2)),
    )
    assert expected == shown


@pytest.mark.parametrize(
    ("call", "expected"),
    [
        ("{{ mark('<', true) }}", "<b>&lt;!</b>"),
        ("{{ mark('<') }}", "<b>&lt;</b>"),
        ("{{ twice('<') }}", "<b>&lt;</b><b>&lt;!</b>"),
        ("{{ nested(2) }}", "(2(1(0)))"),
        ("{{ mark(text='<') }}", "<b>&lt;</b>"),
        ("{% set kept = mark('<') %}{{ kept }}", "<b>&lt;</b>"),
        ("{% for text in '<>' %}{{ mark(text) }}{% endfor %}", "<b>&lt;</b><b>&gt;</b>"),
    ],
)
def test_a_macro_is_html_however_it_is_called(call: str, expected: str) -> None:
    macros = (
        "{% macro mark(text, loud=false) %}<b>{{ text }}{{ '!' if loud }}</b>{% endmacro %}"
        "{% macro twice(text) %}{{ mark(text) }}{{ mark(text, true) }}{% endmacro %}"
        "{% macro nested(depth) %}({{ depth }}{% if depth %}{{ nested(depth - 1) }}{% endif %}){% endmacro %}"
    )
    assert expected == _rendered(macros + call)
