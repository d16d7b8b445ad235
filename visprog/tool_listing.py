"""The tools, as a terminal and other programs see them."""

from __future__ import annotations

from typing import Any

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from visprog.tools import Registry, Tool


def list_tools(tools: Registry) -> None:
    """Print each tool's signature and what it does."""
    table = Table.grid(padding=(0, 2))
    table.add_column(no_wrap=True)
    table.add_column()
    for tool in tools:
        table.add_row(Text(tool.name, "bold"), Text(str(tool.signature)[len(tool.name) :], "cyan"))
        table.add_row("", Text(tool.signature.summary))
    Console(highlight=False).print(table)


def describe_tool(tool: Tool) -> None:
    """Print all that there is to know of a tool."""
    console = Console(highlight=False)
    console.print(Text(str(tool.signature), "bold"))
    console.print(Padding(Text(_flowing(tool.description)), (1, 0)))
    for title, words in _facts(tool):
        console.print(Text.assemble((f"{title}: ", "cyan"), words))


def _flowing(description: str) -> str:
    """Return the text with each paragraph in one line, for the terminal to break; lists stay as they are."""
    return "\n\n".join(map(_paragraph, description.split("\n\n")))


def _paragraph(text: str) -> str:
    lines = text.splitlines()
    return text if any(line.startswith((" ", "-", "*")) for line in lines) else " ".join(lines)


def _facts(tool: Tool) -> list[tuple[str, str]]:
    aliases = ", ".join(tool.aliases)
    renamed = ", ".join(
        f"{' or '.join(p.aliases)} for {p.name}" for p in tool.signature.parameters if p.aliases
    )
    needs = ", ".join(f"{n.role}{' (if there is one)' if n.optional else ''}" for n in tool.needs.values())
    facts = [("also called", aliases), ("arguments also called", renamed), ("models", needs or "none")]
    return [(title, words) for title, words in facts if words]


def tool_to_json(tool: Tool) -> dict[str, Any]:
    """Return a tool as plain data."""
    return {
        "name": tool.name,
        "signature": str(tool.signature),
        "description": tool.description,
        "aliases": list(tool.aliases),
        "needs": {need.role: "optional" if need.optional else "required" for need in tool.needs.values()},
    }
