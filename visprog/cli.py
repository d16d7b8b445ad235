"""The command line. Results go to standard output, everything else to standard error.

Exit status: 0; 1 for a program or a run that failed; 2 for wrong usage. Libraries are imported by the
commands that need them, so that `--help` is quick.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from visprog.arguments import check_places, make_zoo, named_pictures, read_program, split_words
from visprog.errors import ProgramError, UsageError, VisProgError
from visprog.printable import printable

if TYPE_CHECKING:
    from visprog.engine.disk_memo import DiskMemo
    from visprog.images import Source
    from visprog.language.checker import Checked
    from visprog.language.diagnostics import Diagnostic
    from visprog.planner.plan import Plan
    from visprog.session import VisProg
    from visprog.trace.run import Run

app = typer.Typer(
    name="visprog",
    help="Turn an instruction into a small checked program over vision tools, and run it on your pictures.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # plain help takes half the time: boxes need a Markdown parser
    context_settings={"help_option_names": ["-h", "--help"]},
)

_Instruction = Annotated[str, typer.Argument(help="What is asked, in plain words.", show_default=False)]
_Pictures = Annotated[
    list[Path] | None,
    typer.Argument(
        metavar="[IMAGE]...", help="One picture is IMAGE; two are LEFT and RIGHT.", show_default=False
    ),
]
_Named = Annotated[
    list[str] | None,
    typer.Option(
        "--image", metavar="NAME=PATH", help="A picture under a name of your choice; may be repeated."
    ),
]
_Task = Annotated[
    str, typer.Option(help="The bank of examples to follow: auto, gqa, nlvr, knowtag or imgedit.")
]
_Planner = Annotated[
    str,
    typer.Option(
        help="auto, examples, openai, openai:MODEL or transformers:MODEL. auto is openai where "
        "OPENAI_API_KEY or OPENAI_BASE_URL is set, else examples."
    ),
]
_Models = Annotated[str, typer.Option(help="A profile of models, by name or as a .toml file.")]
_Model = Annotated[
    list[str] | None,
    typer.Option("--model", metavar="ROLE=MODEL", help="Fill one role otherwise: detector=transformers:ID."),
]
_Device = Annotated[str, typer.Option(help="Where local models run: auto, cuda, mps or cpu.")]
_Tools = Annotated[
    list[Path] | None, typer.Option("--tools", help="A Python file with further tools; may be repeated.")
]
_Output = Annotated[
    Path | None,
    typer.Option(
        "--output", "-o", help="Where to write the result: a picture, text, or .json.", show_default=False
    ),
]
_Trace = Annotated[
    Path | None,
    typer.Option(help="Where to write the record of every step: .html or .json.", show_default=False),
]
_Cache = Annotated[
    Path | None,
    typer.Option(metavar="DIR", help="A folder where results are kept for the next run.", show_default=False),
]
_Json = Annotated[bool, typer.Option("--json", help="Print JSON for other programs.")]


@app.callback(invoke_without_command=True)
def _main(version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False) -> None:
    if version:
        from visprog import __version__

        typer.echo(f"visprog {__version__}")
        raise typer.Exit


@app.command()
def run(
    words: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="INSTRUCTION [IMAGE]...",
            help="What is asked, in plain words; then the pictures: one is IMAGE, two are LEFT and RIGHT. "
            "With --speech, and with --program, pictures alone will do.",
            show_default=False,
        ),
    ] = None,
    image: _Named = None,
    task: _Task = "auto",
    planner: _Planner = "auto",
    models: _Models = "base",
    model: _Model = None,
    device: _Device = "auto",
    program: Annotated[
        Path | None, typer.Option(help="Run this program instead of planning one.", show_default=False)
    ] = None,
    speech: Annotated[
        Path | None,
        typer.Option(help="Hear the instruction in a recording: .wav or .flac.", show_default=False),
    ] = None,
    votes: Annotated[
        int, typer.Option(min=1, max=99, help="Sample so many programs, and let their results vote.")
    ] = 1,
    tools: _Tools = None,
    cache: _Cache = None,
    output: _Output = None,
    trace: _Trace = None,
    as_json: _Json = False,
    yes: Annotated[bool, typer.Option("--yes/--confirm", help="Whether to run without asking first.")] = True,
) -> None:
    """Plan a program from an instruction, and run it on pictures."""
    with _reporting(as_json):
        instruction, images = split_words(words or [], optional=program is not None or speech is not None)
        pictures = named_pictures(images, image)
        check_places(pictures, output, trace)
        session = _session(planner, models, tools, model, device, cache)
        if speech is not None:
            instruction = session.transcribe(speech)
            _note(f"heard: {printable(instruction)}")
        if votes > 1:
            elected = session.vote(instruction, pictures, votes=votes, task=task)
            if elected.plan is not None:
                _show_plan(elected.plan)
            _finish(elected, output, trace, as_json)
            return
        plan = _plan(session, instruction, tuple(pictures), task, program)
        _show_plan(plan)
        if not yes and not typer.confirm("Run it?", err=True, default=True):
            raise typer.Exit(1)
        _execute(session, plan, pictures, output, trace, as_json)


@app.command("plan")
def plan_command(
    instruction: _Instruction,
    images: _Pictures = None,
    image: _Named = None,
    task: _Task = "auto",
    planner: _Planner = "auto",
    tools: _Tools = None,
    as_json: _Json = False,
) -> None:
    """Print the program for an instruction. No picture is opened: only their number and names count."""
    with _reporting(as_json):
        session = _session(planner, "base", tools)
        plan = session.plan(instruction, tuple(named_pictures(images, image)), task=task)
        _note(_origin(plan))
        _show_diagnostics(plan.checked, plan.checked.program.source)
        if as_json:
            facts = {"instruction": plan.instruction, "task": plan.task, "planner": plan.planner}
            _print_json({**facts, "program": str(plan.checked.program), "remarks": list(plan.remarks)})
        else:
            typer.echo(str(plan.checked.program))


@app.command()
def check(
    files: Annotated[
        list[Path], typer.Argument(help="Programs (.vp) or banks of examples; `-` is standard input.")
    ],
    inputs: Annotated[
        list[str] | None,
        typer.Option(
            "--input", metavar="NAME", help="A picture's name beside IMAGE, LEFT and RIGHT; may be repeated."
        ),
    ] = None,
    tools: _Tools = None,
    as_json: _Json = False,
) -> None:
    """Find every fault of programs before anything runs."""
    with _reporting(as_json):
        from visprog.language import diagnostics
        from visprog.language.types import Type
        from visprog.planner.bank import check_bank, is_bank

        session = _session("examples", "base", tools)
        known = ("IMAGE", "LEFT", "RIGHT", *(inputs or ()))
        found: list[tuple[str, Diagnostic, str]] = []
        unread = 0
        for file in files:
            try:
                name, text = read_program(file)
            except UsageError as error:  # the other files are looked at all the same
                _note(f"error: {printable(error.message)}")
                unread += 1
                continue
            bank = is_bank(text)
            pictures = dict.fromkeys(known, Type.IMAGE)
            faults = (
                check_bank(text, session.tools, pictures) if bank else session.check(text, known).diagnostics
            )
            found += [(name, fault, text) for fault in faults]
        errors = sum(fault.is_error for _, fault, _ in found)
        if as_json:
            _print_json([{"file": name, **diagnostics.to_json(fault)} for name, fault, _ in found])
        else:
            for name, fault, text in found:
                typer.echo(diagnostics.render([fault], text, name=name, color=_colored(sys.stdout)) + "\n")
            _note(f"{_counted(len(files), 'file')}: {_counted(errors, 'error')}, "
                  f"{_counted(len(found) - errors, 'warning')}")  # fmt: skip
        if errors or unread:
            raise typer.Exit(2 if unread else 1)


@app.command("exec")
def execute(
    file: Annotated[Path, typer.Argument(help="A program (.vp); `-` is standard input.", show_default=False)],
    images: _Pictures = None,
    image: _Named = None,
    models: _Models = "base",
    model: _Model = None,
    device: _Device = "auto",
    tools: _Tools = None,
    cache: _Cache = None,
    output: _Output = None,
    trace: _Trace = None,
    as_json: _Json = False,
) -> None:
    """Run a program file on pictures."""
    with _reporting(as_json):
        pictures = named_pictures(images, image)
        check_places(pictures, output, trace)
        session = _session("examples", models, tools, model, device, cache)
        checked = _read_checked(session, file, tuple(pictures))
        _execute(session, checked, pictures, output, trace, as_json)


@app.command()
def batch(
    tasks: Annotated[
        Path,
        typer.Argument(
            metavar="TASKS",
            help="A file of JSON lines: `instruction` or `program`, `images`; at will `id`, `task`.",
            show_default=False,
        ),
    ],
    out: Annotated[
        Path,
        typer.Option(help="The folder for results.jsonl and the journal; one begun is gone on with."),
    ],
    save: Annotated[
        bool, typer.Option("--save", help="Keep results that are pictures, in pictures/.")
    ] = False,
    traces: Annotated[bool, typer.Option("--traces", help="Keep a page of each run, in traces/.")] = False,
    task: _Task = "auto",
    planner: _Planner = "auto",
    models: _Models = "base",
    model: _Model = None,
    device: _Device = "auto",
    tools: _Tools = None,
    cache: _Cache = None,
    workers: Annotated[int, typer.Option(min=1, max=256, help="So many tasks are under way at once.")] = 16,
    retry_failed: Annotated[bool, typer.Option("--retry-failed", help="Run again what failed.")] = False,
    allow_changes: Annotated[
        bool,
        typer.Option(
            "--allow-changes",
            help="Go on although models, planner, tools or options are others than before: what was done "
            "with those is done anew.",
        ),
    ] = False,
    as_json: _Json = False,
) -> None:
    """Run many tasks from a file. Stopped in any way, the same command goes on where it was."""
    with _reporting(as_json):
        from visprog.batch import command
        from visprog.batch.runner import Options

        session = _session(planner, models, tools, model, device, cache)
        options = Options(task, save, traces)
        summary = command.batch(
            session,
            tasks,
            out,
            options,
            workers=workers,
            retry_failed=retry_failed,
            changes_allowed=allow_changes,
        )
        typer.echo(command.as_json(summary) if as_json else summary.results)
        _note(command.in_words(summary))
        if not summary.ok:
            raise typer.Exit(1)


@app.command("tools")
def tools_command(
    name: Annotated[
        str | None, typer.Argument(help="One tool, to see all of it.", show_default=False)
    ] = None,
    tools: _Tools = None,
    as_json: _Json = False,
) -> None:
    """List the tools that programs may call."""
    with _reporting(as_json):
        from visprog.listing import describe_tool, list_tools, tool_to_json

        session = _session("examples", "base", tools)
        found = session.tools.get(name) if name is not None else None
        if name is not None and found is None:
            raise UsageError(f"there is no tool `{name}`", help="`visprog tools` lists them")
        if as_json:
            _print_json([tool_to_json(each) for each in ([found] if found else session.tools)])
        elif found is not None:
            describe_tool(found)
        else:
            list_tools(session.tools)


@app.command()
def doctor(models: _Models = "base", as_json: _Json = False) -> None:
    """Say what works here, what is missing, and how to get it."""
    with _reporting(as_json):
        from visprog.doctor import diagnose, show

        findings = diagnose(_session("auto", models, None))
        if as_json:
            _print_json([finding._asdict() for finding in findings])
        else:
            show(findings)
        if any(finding.state == "broken" for finding in findings):
            raise typer.Exit(1)


_models_app = typer.Typer(
    invoke_without_command=True, help="Show which model fills each role, or fetch them."
)
app.add_typer(_models_app, name="models")


@_models_app.callback()
def models_command(context: typer.Context, models: _Models = "base", as_json: _Json = False) -> None:
    """Show which model fills each role, its licence and size, and whether it is on this machine."""
    context.obj = models
    if context.invoked_subcommand is not None:
        return
    with _reporting(as_json):
        from visprog.model_listing import entries, show, to_json

        zoo = make_zoo(models)
        if as_json:
            _print_json(to_json(entries(zoo)))
        else:
            show(entries(zoo), zoo.profile)


@_models_app.command()
def pull(
    context: typer.Context,
    names: Annotated[
        list[str] | None,
        typer.Argument(help="Roles of the profile, or models as OWNER/NAME; else all of it."),
    ] = None,
) -> None:
    """Fetch the weights of models, once: `visprog models --models default pull`."""
    with _reporting():
        from visprog.model_listing import pull as fetch_models

        for name, folder in fetch_models(make_zoo(context.obj), names or ()):
            typer.echo(f"{name}\t{folder}")


_eval_app = typer.Typer(no_args_is_help=True)
app.add_typer(_eval_app, name="eval")


@_eval_app.callback()
def _eval() -> None:
    """Measure models and planners."""


@_eval_app.command("miniworld")
def eval_miniworld(
    n: Annotated[int, typer.Option("--n", min=1, help="Of how many samples each figure is made.")] = 500,
    seed: Annotated[int, typer.Option(min=0, help="The first seed; each sample has the next.")] = 0,
    split: Annotated[str, typer.Option(help="train, validation or test.")] = "test",
    models: _Models = "mini",
    model: _Model = None,
    device: _Device = "auto",
    tasks: Annotated[
        str | None,
        typer.Option(
            help="What to measure, with commas between; else everything: gqa, nlvr, knowtag, imgedit, "
            "composition, and the modules loc, facedet, seg, mask, classify, select, vqa.",
            show_default=False,
        ),
    ] = None,
    planner: Annotated[
        list[str] | None,
        typer.Option(
            help="gold, examples or transformers:MODEL; may be repeated. Else gold, examples, and the "
            "language model of the profile mini.",
            show_default=False,
        ),
    ] = None,
    as_json: Annotated[
        Path | None,
        typer.Option(
            "--json", help="Where to write all figures as JSON; `-` prints them.", show_default=False
        ),
    ] = None,
    report: Annotated[
        Path | None,
        typer.Option(
            help="Where to write a page with charts, examples and traces: .html.", show_default=False
        ),
    ] = None,
) -> None:
    """Measure modules, programs and planners on the miniature world, and say where failures come from."""
    printed = str(as_json) == "-"
    with _reporting(printed):
        from visprog.miniworld.evaluation.command import evaluate

        zoo = make_zoo(models, model, device)
        evaluate(zoo, n=n, seed=seed, split=split, tasks=tasks, planners=planner, data=as_json, page=report)


@app.command()
def demo(
    out: Annotated[Path, typer.Option(help="Where to write the page: .html.")] = Path("visprog-demo.html"),
    show: Annotated[bool, typer.Option("--open", help="Open the page in the browser.")] = False,
) -> None:
    """Run the paper's tasks on pictures of the miniature world, offline, and write a page that shows them."""
    with _reporting():
        check_places({}, None, out)
        from visprog.miniworld.demo import run_demo

        place = run_demo(out, progress=_note).absolute()
        typer.echo(place)
        if show:
            typer.launch(place.as_uri())


def main() -> None:
    """Run the command line. No traceback reaches the user."""
    try:
        app()
    except KeyboardInterrupt:
        _leave_interrupted()
    except BrokenPipeError:  # the reader of a pipe, such as `head`, has gone
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except Exception as error:
        if os.environ.get("VISPROG_TRACEBACK"):
            raise
        _note(f"error: something went wrong inside visprog: {type(error).__name__}: {error}")
        _note("help: set VISPROG_TRACEBACK=1 to see where, and report it")
        sys.exit(1)


@contextlib.contextmanager
def _reporting(as_json: bool = False) -> Iterator[None]:
    """Turn our errors into words and an exit status, and on request into JSON on standard output."""
    try:
        yield
    except VisProgError as error:
        if as_json:
            _print_json(_plain_error(error))
        lead = typer.style("error:", fg="red", bold=True) if _colored(sys.stderr) else "error:"
        typer.echo(f"{lead} {printable(error.message)}", err=True)
        if error.help:
            lead = typer.style("help:", fg="cyan", bold=True) if _colored(sys.stderr) else "help:"
            typer.echo(f"{lead} {printable(error.help)}", err=True)
        raise typer.Exit(2 if isinstance(error, UsageError) else 1) from None
    except KeyboardInterrupt:
        _leave_interrupted()


def _plain_error(error: VisProgError) -> dict[str, object]:
    from visprog.language.diagnostics import to_json

    found = [to_json(each) for each in getattr(error, "diagnostics", ())]
    return {"ok": False, "error": error.message, "help": error.help, "diagnostics": found}


def _leave_interrupted() -> None:
    """Leave at once: a worker thread may be deep in a model, and waiting for it is not what was asked."""
    typer.echo("interrupted", err=True)
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(130)


def _colored(stream: Any) -> bool:
    return stream.isatty() and not os.environ.get("NO_COLOR")


def _note(text: str) -> None:
    typer.echo(text, err=True)


def _print_result(text: str) -> None:
    """Print a result: to a terminal without what could steer it, into a pipe as it is."""
    typer.echo(printable(text) if sys.stdout.isatty() else text)


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"


def _print_json(data: object) -> None:
    typer.echo(json.dumps(data, indent=2, ensure_ascii=False))


def _session(
    planner: str,
    models: str,
    tools: list[Path] | None,
    filled: list[str] | None = None,
    device: str = "auto",
    cache: Path | None = None,
) -> VisProg:
    from visprog.session import VisProg
    from visprog.tools import load_tools

    added = [each for path in tools or () for each in load_tools(path)]
    kept = _disk_memo(cache) if cache is not None else None
    return VisProg(planner=planner, models=make_zoo(models, filled, device), tools=added, cache=kept)


def _disk_memo(folder: Path) -> DiskMemo:
    from visprog.engine.disk_memo import DiskMemo

    return DiskMemo(folder, tell=lambda words: _note(f"warning: {printable(words)}"))


def _read_checked(session: VisProg, file: Path, names: tuple[str, ...]) -> Checked:
    from visprog.language.diagnostics import render

    name, text = read_program(file)
    checked = session.check(text, names)
    shown = render(checked.diagnostics, text, name=name, color=_colored(sys.stderr))
    if shown:
        _note(shown + "\n")
    if not checked.ok:
        raise ProgramError(f"{name} has errors; nothing was run", checked.diagnostics)
    return checked


def _plan(
    session: VisProg,
    instruction: str,
    names: tuple[str, ...],
    task: str,
    program: Path | None,
) -> Plan:
    if program is None:
        return session.plan(instruction, names, task=task)
    from visprog.planner.plan import Plan

    checked = _read_checked(session, program, names)
    return Plan(instruction, task, checked, f"none: the program is {program}")


def _origin(plan: Plan) -> str:
    return "\n".join([f"planned by {plan.planner}, bank {plan.task}", *plan.remarks])


def _show_plan(plan: Plan) -> None:
    if not plan.planner.startswith("none"):
        _note(_origin(plan))
        _show_diagnostics(plan.checked, plan.checked.program.source)
    _note("\n" + "\n".join(f"  {line}" for line in str(plan.checked.program).splitlines()) + "\n")


def _show_diagnostics(checked: Checked, source: str) -> None:
    from visprog.language.diagnostics import render

    if checked.diagnostics:
        _note(render(checked.diagnostics, source, color=_colored(sys.stderr)))


def _execute(
    session: VisProg,
    program: Plan | Checked,
    pictures: dict[str, Source],
    output: Path | None,
    trace: Path | None,
    as_json: bool,
) -> None:
    from visprog.planner.plan import Plan
    from visprog.results import check_output
    from visprog.trace.terminal import LiveSteps

    checked = program.checked if isinstance(program, Plan) else program
    check_output(checked, output, kept=trace is not None or as_json)
    with LiveSteps(checked.steps) as live:
        finished = session.execute(program, pictures, observer=live)
    _finish(finished, output, trace, as_json)


def _finish(finished: Run, output: Path | None, trace: Path | None, as_json: bool) -> None:
    """Keep the trace and the result, say what failed, and leave with the right status."""
    from visprog.results import result_text, save_result

    if finished.ok and output is not None:
        save_result(finished.result, output)
    if trace is not None:
        finished.save(trace)
    if as_json:
        _print_json(finished.to_json())
    elif finished.ok:
        _print_result(str(output) if output is not None else result_text(finished.result))
    _show_failures(finished)
    if trace is not None:
        _note(f"trace: {trace}")
    if not finished.ok:
        raise typer.Exit(1)


def _show_failures(finished: Run) -> None:
    for step in finished.steps:
        if step.error is not None:
            _note(f"error: {printable(str(step.error))}")
