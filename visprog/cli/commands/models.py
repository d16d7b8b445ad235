"""`visprog models`: show the model of each role, and download models."""

from __future__ import annotations

from typing import Annotated

import typer

from visprog.cli.options import Json, Models
from visprog.cli.reporting import print_json, reporting
from visprog.cli.sessions import make_zoo

models_app = typer.Typer(invoke_without_command=True, help="Show the model of each role, or download models.")


@models_app.callback()
def show_models(context: typer.Context, models: Models = "base", as_json: Json = False) -> None:
    """Show the model of each role, its licence and size, and whether it is on this machine."""
    context.obj = models
    if context.invoked_subcommand is not None:
        return
    with reporting(as_json):
        from visprog.model_listing import entries, show, to_json

        zoo = make_zoo(models)
        if as_json:
            print_json(to_json(entries(zoo)))
        else:
            show(entries(zoo), zoo.profile)


@models_app.command()
def pull(
    context: typer.Context,
    names: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="NAME", help="Roles, or models as OWNER/NAME. Default: all models of the profile."
        ),
    ] = None,
) -> None:
    """Download the weights of models.

    Name a profile before `pull`: `visprog models --models default pull`.
    """
    with reporting():
        from visprog.model_listing import pull as fetch_models

        for name, folder in fetch_models(make_zoo(context.obj), names or ()):
            typer.echo(f"{name}\t{folder}")
