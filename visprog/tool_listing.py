"""Listings of the tools, for a terminal and as JSON data."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from visprog.language.types import Parameter, Signature
from visprog.tools import Registry, Tool

_BUILT_IN = "visprog.modules."
_ADDED = "added"
"""The group of tools that do not belong to the package."""


def group_of(tool: Tool) -> str:
    """Return the group of a tool: the folder of `modules` that defines it, or "added"."""
    module = getattr(tool.function, "__module__", None) or ""
    return module.removeprefix(_BUILT_IN).partition(".")[0] if module.startswith(_BUILT_IN) else _ADDED


def grouped(tools: Iterable[Tool]) -> dict[str, list[Tool]]:
    """Return the tools of each group. Tools that were added come last."""
    groups: dict[str, list[Tool]] = {}
    for tool in tools:
        groups.setdefault(group_of(tool), []).append(tool)
    added = groups.pop(_ADDED, [])
    return groups | ({_ADDED: added} if added else {})


def list_tools(tools: Registry) -> None:
    """Print the signature and the summary of each tool, by groups."""
    table = Table.grid(padding=(0, 2))
    table.add_column(no_wrap=True)
    table.add_column()
    for number, (group, members) in enumerate(grouped(tools).items()):
        if number:
            table.add_row()
        table.add_row(Text(group, "bold magenta"))
        for tool in members:
            _add_rows(table, tool)
    Console(highlight=False).print(table)


def _add_rows(table: Table, tool: Tool) -> None:
    signature = str(_without_words(tool.signature))
    table.add_row(Text(tool.name, "bold"), Text(signature[len(tool.name) :], "cyan"))
    table.add_row("", Text(tool.signature.summary))
    for parameter in tool.signature.parameters:
        if parameter.words:
            table.add_row("", Text.assemble((f"{parameter.name}: ", "cyan"), ", ".join(parameter.words)))


def _without_words(signature: Signature) -> Signature:
    """Return a signature in which a choice among many words is written `Choice`."""
    return replace(signature, parameters=tuple(replace(p, words=()) for p in signature.parameters))


def describe_tool(tool: Tool) -> None:
    """Print the signature, the description, the group, the words, the aliases and the models of a tool."""
    console = Console(highlight=False)
    console.print(Text(str(_without_words(tool.signature)), "bold"))
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
    words = [(f"words for {p.name}", _words(p)) for p in tool.signature.parameters if p.words]
    needs = ", ".join(f"{n.role}{' (optional)' if n.optional else ''}" for n in tool.needs.values())
    facts = [("group", group_of(tool)), *words, ("also called", aliases)]
    facts += [("arguments also called", renamed), ("models", needs or "none")]
    return [(title, text) for title, text in facts if text]


def _words(parameter: Parameter) -> str:
    """Return the words of a choice, each with the other words that are understood."""
    shown = []
    for word in parameter.words:
        others = ", ".join(other for other, found in parameter.synonyms.items() if found == word)
        shown.append(f"{word} (or {others})" if others else word)
    return ", ".join(shown)


def tool_to_json(tool: Tool) -> dict[str, Any]:
    """Return a tool as JSON data."""
    return {
        "name": tool.name,
        "group": group_of(tool),
        "signature": str(tool.signature),
        "description": tool.description,
        "aliases": list(tool.aliases),
        "words": {p.name: list(p.words) for p in tool.signature.parameters if p.words},
        "needs": {need.role: "optional" if need.optional else "required" for need in tool.needs.values()},
    }
