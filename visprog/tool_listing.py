"""Listings of the tools, for a terminal and as JSON data."""

from __future__ import annotations

from typing import Any

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from visprog.tools import Registry, Tool


def list_tools(tools: Registry) -> None:
    """Print the signature and the summary of each tool."""
    table = Table.grid(padding=(0, 2))
    table.add_column(no_wrap=True)
    table.add_column()
    for tool in tools:
        table.add_row(Text(tool.name, "bold"), Text(str(tool.signature)[len(tool.name) :], "cyan"))
        table.add_row("", Text(tool.signature.summary))
    Console(highlight=False).print(table)


def describe_tool(tool: Tool) -> None:
    """Print the signature, the description, the aliases and the models of a tool."""
    console = Console(highlight=False)
    console.print(Text(str(tool.signature), "bold"))
    console.print(Padding(Text(_unwrapped(tool.description)), (1, 0)))
    for title, text in _facts(tool):
        console.print(Text.assemble((f"{title}: ", "cyan"), text))


def _unwrapped(description: str) -> str:
    """Return the text with each paragraph on one line, which the terminal wraps. Lists are unchanged."""
    return "\n\n".join(map(_paragraph, description.split("\n\n")))


def _paragraph(text: str) -> str:
    lines = text.splitlines()
    return text if any(line.startswith((" ", "-", "*")) for line in lines) else " ".join(lines)


def _facts(tool: Tool) -> list[tuple[str, str]]:
    aliases = ", ".join(tool.aliases)
    renamed = ", ".join(
        f"{' or '.join(p.aliases)} for {p.name}" for p in tool.signature.parameters if p.aliases
    )
    needs = ", ".join(f"{n.role}{' (optional)' if n.optional else ''}" for n in tool.needs.values())
    facts = [("also called", aliases), ("arguments also called", renamed), ("models", needs or "none")]
    return [(title, text) for title, text in facts if text]


def tool_to_json(tool: Tool) -> dict[str, Any]:
    """Return a tool as JSON data."""
    return {
        "name": tool.name,
        "signature": str(tool.signature),
        "description": tool.description,
        "aliases": list(tool.aliases),
        "needs": {need.role: "optional" if need.optional else "required" for need in tool.needs.values()},
    }
