"""Where tools come from beside the built-in ones: installed packages, and Python files."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import inspect
import sys
import traceback
from collections.abc import Iterable, Iterator
from pathlib import Path

from visprog.errors import ToolError, UsageError, described
from visprog.files import read_file
from visprog.tools import PYTHON_FILE, Tool

ENTRY_POINTS = "visprog.tools"
"""The entry point group by which packages bring tools: each entry is a Tool or a sequence of them."""


def installed_tools() -> Iterator[Tool]:
    """Yield the tools that installed packages bring by the entry point group `visprog.tools`."""
    for entry in importlib.metadata.entry_points(group=ENTRY_POINTS):
        try:
            brought = entry.load()
        except Exception as cause:
            raise ToolError(
                f"the tools of `{entry.name}` ({entry.value}) cannot be imported: {described(cause)}",
                help="repair or uninstall the package that brings them",
            ) from cause
        yield from _tools_in([brought] if isinstance(brought, Tool) else brought, entry.value)


def load_tools(path: Path) -> tuple[Tool, ...]:
    """Run a Python file and return the tools that it declares, in order.

    Raises UsageError where there is no such file, and ToolError where it cannot be run or declares none.
    """
    read_file(path, PYTHON_FILE)  # Python's own loader would wait for a pipe, and has no limit
    spec = importlib.util.spec_from_file_location(f"visprog_tools_{path.stem}", path)
    if spec is None or spec.loader is None:
        raise UsageError(f"{path} is no Python file", help="its name must end in .py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[module.__name__] = module  # annotations are looked up there
    try:
        spec.loader.exec_module(module)
    except KeyboardInterrupt:
        raise
    except BaseException as cause:  # a file may call `sys.exit`, or end as it likes
        what = f"{described(cause)}{_last_line(cause, spec.origin)}"
        raise ToolError(f"{path} cannot be run: {what}") from cause
    values = [value for value in vars(module).values() if isinstance(value, Tool)]
    found = tuple(value for value in values if value.function.__module__ == module.__name__)
    if not found:
        raise ToolError(f"{path} declares no tool", help='declare one with `@tool("Name")`')
    for each in found:
        _check_declaration(each, path)
        _ = each.fingerprint  # taken now, while the file is what was run
    return found


def _check_declaration(tool: Tool, path: Path) -> None:
    """Raise ToolError that names the line if a tool of a file is declared wrongly."""
    try:
        _ = tool.signature, tool.needs
    except ToolError as error:
        code = getattr(inspect.unwrap(tool.function), "__code__", None)
        place = f"{path}, line {code.co_firstlineno}" if code is not None else str(path)
        raise ToolError(f"{place}: {error.message}", help=error.help) from error


def _last_line(error: BaseException, file: str | None) -> str:
    """Say at which line of a file an error was raised, or what raised it was called."""
    lines = [each for each in traceback.extract_tb(error.__traceback__) if each.filename == file]
    return f" (line {lines[-1].lineno}: {lines[-1].line})" if lines else ""


def _tools_in(brought: object, source: str) -> Iterator[Tool]:
    if not isinstance(brought, Iterable) or isinstance(brought, str):
        raise ToolError(f"{source} is no tool and no sequence of tools, but {type(brought).__name__}")
    for each in brought:
        if not isinstance(each, Tool):
            raise ToolError(f"{source} holds a {type(each).__name__} among its tools")
        yield each
