"""What is told to the user, and where: results on standard output, all else on standard error."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator
from typing import Any, NoReturn

import typer

from visprog.errors import UsageError, VisProgError
from visprog.printable import json_text, printable

_DIAGNOSTICS = 500
"""How many an error holds as JSON."""


@contextlib.contextmanager
def reporting(as_json: bool = False) -> Iterator[None]:
    """Turn our errors into words and an exit status, and on request into JSON on standard output."""
    try:
        yield
    except VisProgError as error:
        if as_json:
            print_json(_plain_error(error))
        lead = typer.style("error:", fg="red", bold=True) if colored(sys.stderr) else "error:"
        typer.echo(f"{lead} {printable(error.message)}", err=True)
        if error.help:
            lead = typer.style("help:", fg="cyan", bold=True) if colored(sys.stderr) else "help:"
            typer.echo(f"{lead} {printable(error.help)}", err=True)
        raise typer.Exit(2 if isinstance(error, UsageError) else 1) from None
    except KeyboardInterrupt:
        leave_interrupted()


def _plain_error(error: VisProgError) -> dict[str, object]:
    from visprog.language.diagnostics import to_json

    found = [to_json(each) for each in getattr(error, "diagnostics", ())[:_DIAGNOSTICS]]
    return {"ok": False, "error": error.message, "help": error.help, "diagnostics": found}


def leave_interrupted() -> None:
    """Leave at once, as the user asked."""
    typer.echo("interrupted", err=True)
    leave(130)


def leave(status: int) -> NoReturn:
    """End the process without waiting for worker threads: one may be deep in a model or a tool."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)


def colored(stream: Any) -> bool:
    """Say whether `stream` is a terminal whose user wants colours."""
    return stream.isatty() and not os.environ.get("NO_COLOR")


def note(text: str, *, styled: bool = False) -> None:
    """Say something beside the results. What is `styled` is safe already, and holds colours."""
    typer.echo(text if styled else printable(text), err=True)


def print_result(text: str) -> None:
    """Print a result: to a terminal without what could steer it, into a pipe as it is."""
    typer.echo(printable(text) if sys.stdout.isatty() else text)


def print_json(data: object) -> None:
    """Print what other programs read."""
    typer.echo(json_text(data))
