"""`visprog demo`: the paper's tasks on drawn pictures, on one page."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from visprog.cli.reporting import note, reporting
from visprog.files import PAGE_ENDINGS, OutputFile, check_output_files


def demo(
    out: Annotated[
        Path, typer.Option("--out", "-o", metavar="FILE", help="Where to write the page: .html or .htm.")
    ] = Path("visprog-demo.html"),
    show: Annotated[bool, typer.Option("--open", help="Open the page in the browser.")] = False,
) -> None:
    """Run the paper's tasks offline, on drawn pictures, and write a page with the results."""
    with reporting():
        check_output_files(OutputFile("the page", out, PAGE_ENDINGS))
        from visprog.miniworld.demo import run_demo

        place = run_demo(out, progress=note).absolute()
        typer.echo(place)
        if show:
            typer.launch(place.as_uri())
