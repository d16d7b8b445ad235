"""The command line: one file per command in `commands`, and here what they are called.

Results go to standard output, everything else to standard error. Exit status: 0; 1 for a program or a run
that failed; 2 for wrong usage. Libraries are imported by the commands that need them, so that `--help` is
quick.
"""

from __future__ import annotations

import errno
import io
import os
import sys
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from visprog.cli.commands.batch import batch
from visprog.cli.commands.check import check
from visprog.cli.commands.demo import demo
from visprog.cli.commands.doctor import doctor
from visprog.cli.commands.evaluate import eval_app
from visprog.cli.commands.execute import execute
from visprog.cli.commands.models import models_app
from visprog.cli.commands.plan import plan
from visprog.cli.commands.run import run
from visprog.cli.commands.tools import show_tools
from visprog.cli.reporting import leave_interrupted, note
from visprog.errors import described

app = typer.Typer(
    name="visprog",
    help="Turn an instruction into a small checked program over vision tools, and run it on your pictures.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # plain help takes half the time: boxes need a Markdown parser
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.callback(invoke_without_command=True)
def _main(version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False) -> None:
    if version:
        from visprog import __version__

        typer.echo(f"visprog {__version__}")
        raise typer.Exit


app.command("run")(run)
app.command("plan")(plan)
app.command("check")(check)
app.command("exec")(execute)
app.command("batch")(batch)
app.command("tools")(show_tools)
app.command("doctor")(doctor)
app.command("demo")(demo)
app.add_typer(models_app, name="models")
app.add_typer(eval_app, name="eval")


def main() -> None:
    """Run the command line. No traceback reaches the user."""
    _open_closed()
    try:
        try:
            app(prog_name="visprog")  # completion is registered under this name
        finally:
            sys.stdout.flush()
    except KeyboardInterrupt:
        leave_interrupted()
    except BrokenPipeError:  # the reader of a pipe, such as `head`, has gone
        _leave_output()
    except Exception as error:
        if os.environ.get("VISPROG_TRACEBACK"):
            raise
        if isinstance(error, OSError) and error.errno in _UNWRITTEN:
            note(f"error: the output cannot be written: {error.strerror}")
            note("help: make room, or send it elsewhere")
            _leave_output()
        note(f"error: something went wrong inside visprog: {described(error)}")
        note("help: set VISPROG_TRACEBACK=1 to see where, and report it")
        sys.exit(1)


_UNWRITTEN = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO)
"""Why standard output takes no more. What cannot be written to a file is an OutputError."""


def _open_closed() -> None:
    """Make sure that there is a standard output and error, and that they take any text.

    What goes to a stream that is closed goes nowhere. Letters that the terminal's encoding lacks are escaped.
    """
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            nowhere = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115 - until the process ends
            setattr(sys, name, nowhere)
        elif isinstance(stream := getattr(sys, name), io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _leave_output() -> NoReturn:
    """Leave without what could not be written: Python would try once more."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    sys.exit(1)
