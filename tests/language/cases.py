"""Read and update the files of tests/cases, which specify the language as data.

A case has a heading of level two, a block `vp` with the program, and a block `diagnostics` with the checker's
output. An optional block `toml` has the models' answers. If the program runs, a block `result` has its result
or its error. An optional block `warnings` has the warnings of its steps.
"""

from __future__ import annotations

import os
import re
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent.parent / "cases"
UPDATE = "VISPROG_UPDATE_CASES" in os.environ
"""Whether to write the actual output into the files, to be reviewed like code."""

_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Case:
    path: Path
    name: str
    program: str
    diagnostics: str
    given: dict[str, Any]
    result: str | None
    warnings: str | None

    def __str__(self) -> str:
        return f"{self.path.stem}: {self.name}"


def program_cases() -> list[Case]:
    return [case for path in sorted(FOLDER.glob("*.md")) for case in _read(path)]


def _read(path: Path) -> list[Case]:
    cases = []
    for section in path.read_text("utf-8").split("\n## ")[1:]:
        name, _, body = section.partition("\n")
        blocks = dict(_BLOCK.findall(body))
        cases.append(
            Case(
                path,
                name,
                blocks["vp"].removesuffix("\n"),
                blocks["diagnostics"].removesuffix("\n"),
                tomllib.loads(blocks.get("toml", "")),
                _optional(blocks, "result"),
                _optional(blocks, "warnings"),
            )
        )
    return cases


def _optional(blocks: dict[str, str], name: str) -> str | None:
    return blocks[name].removesuffix("\n") if name in blocks else None


def rewrite(case: Case, block: str, found: str) -> None:
    """Replace a block of the case with the actual output."""
    text = case.path.read_text("utf-8")
    start = text.index(f"\n## {case.name}\n")
    opening = text.index(f"```{block}\n", start) + len(f"```{block}\n")
    closing = text.index("```\n", opening)
    case.path.write_text(text[:opening] + (found + "\n" if found else "") + text[closing:], "utf-8")
