"""`visprog tools`: list the tools that programs may call."""

from __future__ import annotations

from typing import Annotated

import typer

from visprog.cli.options import Json, Tools
from visprog.cli.reporting import print_json, reporting
from visprog.cli.sessions import make_session
from visprog.errors import UsageError


def show_tools(
    name: Annotated[
        str | None,
        typer.Argument(metavar="TOOL", help="Show the full description of this tool.", show_default=False),
    ] = None,
    tools: Tools = None,
    as_json: Json = False,
) -> None:
    """List the tools that programs may call."""
    with reporting(as_json):
        from visprog.tool_listing import describe_tool, grouped, list_tools, tool_to_json

        session = make_session("examples", "base", tools)
        found = session.tools.get(name) if name is not None else None
        if name is not None and found is None:
            raise UsageError(f"unknown tool `{name}`", help="`visprog tools` lists the tools")
        if as_json:
            shown = (
                [found] if found else [each for group in grouped(session.tools).values() for each in group]
            )
            print_json([tool_to_json(each) for each in shown])
        elif found is not None:
            describe_tool(found)
        else:
            list_tools(session.tools)
