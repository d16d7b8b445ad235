"""Custom code that exits in unusual ways fails its step or its file with a short message."""

from __future__ import annotations

from pathlib import Path

import pytest

from visprog import VisProg
from visprog.errors import ToolError, described
from visprog.tool_sources import load_tools

HEAD = '''\
import sys

from visprog import tool


class Own(BaseException):
    """An error that is not an Exception."""


class Speechless(Exception):
    def __str__(self) -> str:
        raise RuntimeError("no words")


@tool("Odd")
def odd() -> int:
    """Exit in an unusual way."""
'''

ODD_ENDS = {
    "sys.exit(4)": "SystemExit: 4",
    "raise Own('gone')": "Own: gone",
    "raise GeneratorExit": "GeneratorExit",
    "raise StopIteration": "StopIteration",
    "raise Speechless": "Speechless (its message cannot be read)",
    "raise ExceptionGroup('two', [ValueError()])": "ExceptionGroup: two (1 sub-exception)",
}


@pytest.mark.parametrize("statement", ODD_ENDS)
def test_a_step_fails_if_its_tool_exits_in_any_way(tmp_path: Path, statement: str) -> None:
    file = tmp_path / "odd.py"
    file.write_text(f"{HEAD}    {statement}\n")
    run = VisProg(tools=load_tools(file)).execute("RESULT=Odd()")
    assert run.error is not None
    line = HEAD.count("\n") + 1
    assert run.error.message == f"RESULT (line 1, Odd): {ODD_ENDS[statement]} (odd.py, line {line}, in odd)"
    run.save(tmp_path / "page.html")
    run.save(tmp_path / "record.json")
    assert ODD_ENDS[statement] in (tmp_path / "record.json").read_text()


def test_an_interruption_does_not_count_as_a_tools_failure(tmp_path: Path) -> None:
    file = tmp_path / "odd.py"
    file.write_text(f"{HEAD}    raise KeyboardInterrupt\n")
    session = VisProg(tools=load_tools(file))
    with pytest.raises(KeyboardInterrupt):
        session.execute("RESULT=Odd()")


@pytest.mark.parametrize(
    "statement", ["raise ValueError('x' * 10_000_000)", "raise VisProgError('x' * 10_000_000)"]
)
def test_a_very_long_message_is_shortened(tmp_path: Path, statement: str) -> None:
    file = tmp_path / "odd.py"
    file.write_text(f"from visprog import VisProgError\n{HEAD}    {statement}\n")
    run = VisProg(tools=load_tools(file)).execute("RESULT=Odd()")
    assert run.error is not None
    assert len(run.error.message) < 3_000
    assert "... (10,000,000 characters in all)" in run.error.message


@pytest.mark.parametrize("statement", ODD_ENDS)
def test_a_file_that_exits_in_any_way_is_reported(tmp_path: Path, statement: str) -> None:
    file = tmp_path / "odd.py"
    file.write_text(f"{HEAD}    return 1\n\n\n{statement}\n")
    line = HEAD.count("\n") + 4
    with pytest.raises(ToolError) as caught:
        load_tools(file)
    assert caught.value.message == f"{file} failed: {ODD_ENDS[statement]} (line {line}: {statement})"


@pytest.mark.parametrize(
    "parameters", ["image", "image: 'Nowhere'", "*images: int", "image: dict[str, int]", "image: set"]
)
def test_an_invalid_declaration_is_reported_with_its_line(tmp_path: Path, parameters: str) -> None:
    file = tmp_path / "odd.py"
    file.write_text(
        f'from visprog import tool\n\n\n@tool("Odd")\ndef odd({parameters}) -> int:\n    return 1\n'
    )
    with pytest.raises(ToolError) as caught:
        load_tools(file)
    assert caught.value.message.startswith(f"{file}, line 4: tool Odd: ")


def test_an_error_without_a_message_is_shown_as_its_type() -> None:
    assert described(ValueError()) == "ValueError"
    assert described(ValueError("no luck")) == "ValueError: no luck"
