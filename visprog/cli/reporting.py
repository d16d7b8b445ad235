"""Prints for the user: results on standard output, everything else on standard error."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator
from typing import Any, NoReturn

import typer

from visprog.errors import UsageError, VisProgError
from visprog.printable import json_text, printable

_MAX_DIAGNOSTICS = 500
"""Maximum number of diagnostics in the JSON of an error."""


@contextlib.contextmanager
def reporting(as_json: bool = False) -> Iterator[None]:
    """Print VisProg's errors and exit with a status. With `as_json`, also print them as JSON."""
    try:
        yield
    except VisProgError as error:
        if as_json:
            print_json(_error_to_json(error))
        typer.echo(f"{_label('error:', 'red')} {printable(error.message)}", err=True)
        if error.help:
            typer.echo(f"{_label('help:', 'cyan')} {printable(error.help)}", err=True)
        raise typer.Exit(2 if isinstance(error, UsageError) else 1) from None
    except KeyboardInterrupt:
        exit_interrupted()


def _label(word: str, color: str) -> str:
    return typer.style(word, fg=color, bold=True) if use_color(sys.stderr) else word


def _error_to_json(error: VisProgError) -> dict[str, object]:
    from visprog.language.diagnostics import to_json

    found = [to_json(each) for each in getattr(error, "diagnostics", ())[:_MAX_DIAGNOSTICS]]
    return {"ok": False, "error": error.message, "help": error.help, "diagnostics": found}


def exit_interrupted() -> NoReturn:
    """End the process immediately after Ctrl+C."""
    typer.echo("interrupted", err=True)
    exit_now(130)


def exit_now(status: int) -> NoReturn:
    """End the process without waiting for worker threads, which may still run a model or a tool."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)


def use_color(stream: Any) -> bool:
    """Return whether to print colours: `stream` is a terminal, and NO_COLOR is not set."""
    return stream.isatty() and not os.environ.get("NO_COLOR")


def note(text: str, *, styled: bool = False) -> None:
    """Print a line on standard error. Text that is `styled` is already safe, and contains colours."""
    typer.echo(text if styled else printable(text), err=True)


def print_result(text: str) -> None:
    """Print a result. On a terminal, control characters are escaped; a pipe gets the text unchanged."""
    typer.echo(printable(text) if sys.stdout.isatty() else text)


def print_json(data: object) -> None:
    """Print data as JSON."""
    typer.echo(json_text(data))
