"""The command line. `commands` has one file for each command; this file gives them their names.

Results go to standard output, everything else to standard error. The exit status is 0, or 1 if a program or
a run failed, or 2 for wrong usage. Each command imports the libraries that it needs, so `--help` is quick.
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
from visprog.cli.reporting import exit_interrupted, note
from visprog.errors import described

app = typer.Typer(
    name="visprog",
    help="Answer questions about pictures, and edit them: VisProg turns an instruction into a short program, "
    "checks it, and runs it.",
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
    _prepare_streams()
    try:
        try:
            app(prog_name="visprog")  # completion is registered under this name
        finally:
            sys.stdout.flush()
    except KeyboardInterrupt:
        exit_interrupted()
    except BrokenPipeError:  # the reader of a pipe, such as `head`, has exited
        _exit_without_output()
    except Exception as error:
        if os.environ.get("VISPROG_TRACEBACK"):
            raise
        if isinstance(error, OSError) and error.errno in _OUTPUT_ERRORS:
            note(f"error: the output cannot be written: {error.strerror}")
            note("help: free some space, or send the output elsewhere")
            _exit_without_output()
        note(f"error: internal error of VisProg: {described(error)}")
        note("help: please report it, with the traceback that VISPROG_TRACEBACK=1 shows")
        sys.exit(1)


_OUTPUT_ERRORS = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO)
"""Errors of writing to standard output. Errors of writing to a file are OutputErrors."""


def _prepare_streams() -> None:
    """Replace closed streams by the null device, and escape letters that the terminal cannot encode."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            null = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115 - until the process ends
            setattr(sys, name, null)
        elif isinstance(stream := getattr(sys, name), io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _exit_without_output() -> NoReturn:
    """Exit, and discard the output that could not be written: Python would try again."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    sys.exit(1)
