"""The documentation pages, and the code blocks on them."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parent.parent
README = ROOT / "README.md"
GUIDES = (README, ROOT / "SECURITY.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md")))
"""The pages that show how to use VisProg."""

PAGES = (*GUIDES, ROOT / "CHANGELOG.md", ROOT / "tests" / "benchmarks" / "RESULTS.md")

_BLOCK = re.compile(r"^```(?P<kind>\w*)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)


class Block(NamedTuple):
    """A code block: its page, its line on the page, its kind, and its text."""

    page: Path
    line: int
    kind: str
    text: str

    def __str__(self) -> str:
        return f"{self.page.name}:{self.line}"


def blocks(kind: str = "") -> list[Block]:
    """Return the code blocks on all guides: those of one kind, such as `python`, or all by default."""
    return [block for page in GUIDES for block in _blocks_of(page) if kind in ("", block.kind)]


def _blocks_of(page: Path) -> Iterator[Block]:
    text = page.read_text("utf-8")
    for match in _BLOCK.finditer(text):
        yield Block(page, text.count("\n", 0, match.start()) + 1, match["kind"], match["text"])


def words(command: str) -> list[str]:
    """Split a command like a shell. Quotes inside words are not supported."""
    return [quoted or plain for quoted, plain in re.findall(r'"([^"]*)"|(\S+)', command)]


def run(command: list[str]) -> subprocess.CompletedProcess[str]:
    """Run a command in the current folder."""
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)


def visprog(command: str) -> subprocess.CompletedProcess[str]:
    """Run `visprog` with these arguments."""
    return run([sys.executable, "-m", "visprog", *words(command)])
