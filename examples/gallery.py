"""A page that shows every tool: a program for a small task, its pictures, and its result.

Tools without weights run on photographs. The others run on drawings, with an oracle. A list of all tools:

visprog tools
"""

from __future__ import annotations

import argparse
import tomllib
from collections.abc import Iterable, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any, NamedTuple

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from visprog import Image, Regions, Run, VisProg, VisProgError, load_image
from visprog.files import write_atomically
from visprog.miniworld.drawing import DrawnScene, draw
from visprog.miniworld.oracle import Oracle
from visprog.miniworld.scene import Ground, Scene, Thing
from visprog.printable import printable
from visprog.trace.figures import Album, Figure
from visprog.trace.program_listing import Line, listing
from visprog.trace.templates import minified, policy_hash, source
from visprog.trace.value_view import describe

FILES = Path(__file__).parent / "gallery"
PHOTOS = Path(__file__).parent / "images"


class Example(NamedTuple):
    """An entry of programs.toml. Its first lines explain the fields."""

    task: str
    pictures: Sequence[str]
    program: str
    tool: str = ""
    form: str = ""
    about: str = ""
    shown: Sequence[str] = ()


class Panel(NamedTuple):
    """A value on the page: a picture, a list of pictures or words, or a text. Pictures may have words."""

    name: str
    pictures: tuple[Figure, ...] = ()
    words: tuple[str, ...] = ()
    text: str = ""


class Shown(NamedTuple):
    """A program on the page: its lines, each with its value as text, some values, and the result."""

    task: str
    lines: tuple[tuple[Line, str], ...]
    panels: tuple[Panel, ...]
    result: Panel


class Card(NamedTuple):
    """A tool, with the folder of its file as `group`, or a form of the language, and programs."""

    name: str
    summary: str
    models: tuple[str, ...]
    group: str
    programs: tuple[Shown, ...]


def read_examples() -> tuple[Example, ...]:
    """Return the programs of programs.toml."""
    entries = tomllib.loads((FILES / "programs.toml").read_text("utf-8"))
    return tuple(Example(**entry) for entry in entries["example"])


def read_scenes() -> dict[str, DrawnScene]:
    """Return the drawings of scenes.toml by name."""
    entries = tomllib.loads((FILES / "scenes.toml").read_text("utf-8"))
    return {name: draw(_scene(**entry)) for name, entry in entries.items()}


def _scene(ground: list[str], seed: int, things: list[Any]) -> Scene:
    placed = (Thing(kind, tint or None, (x, y, x + side, y + side)) for kind, tint, x, y, side in things)
    return Scene(400, 300, Ground(tuple(ground), seed), tuple(placed))


class Gallery:
    """Runs programs on drawings, and on the photographs in a folder. `album` has all pictures."""

    def __init__(self, photos: Path = PHOTOS) -> None:
        self.album = Album(room=(300, 560), scores=False)
        self._photos = photos
        self._scenes = read_scenes()
        self._without_weights = VisProg(models="base")
        self._miniature_world = VisProg(models=Oracle(self._scenes.values()).zoo())

    def run(self, example: Example) -> Run:
        """Run the program of an example on its pictures. Raise StepError if a step fails."""
        names = ("LEFT", "RIGHT") if len(example.pictures) > 1 else ("IMAGE",)
        pictures = dict(zip(names, map(self._picture, example.pictures), strict=True))
        session = self._miniature_world if example.pictures[0] in self._scenes else self._without_weights
        run = session.execute(example.program, pictures)
        if run.error is not None:
            raise run.error
        return run

    def cards(self, examples: Iterable[Example]) -> list[Card]:
        """Run all examples, and return their cards. Neighbours with the same tool share a card."""
        groups = groupby(examples, key=lambda each: (each.tool, each.form, each.about))
        return [self._card(*key, [(each, self.run(each)) for each in group]) for key, group in groups]

    def _picture(self, name: str) -> Image:
        return self._scenes[name].image if name in self._scenes else load_image(self._photos / name)

    def _card(self, name: str, form: str, about: str, runs: list[tuple[Example, Run]]) -> Card:
        programs = tuple(self._shown(example, run) for example, run in runs)
        tool = self._miniature_world.tools.get(name)
        if tool is None:
            return Card(form, about, (), "language", programs)
        models = tuple(need.role.replace("_", " ") for need in tool.needs.values() if not need.optional)
        folder = tool.function.__module__.split(".")[-2]
        return Card(tool.name, tool.signature.summary, models, folder, programs)

    def _shown(self, example: Example, run: Run) -> Shown:
        values: dict[int | None, Any] = {step.index: step.value for step in run.steps[:-1]}
        lines = tuple((line, _brief(values.get(line.step))) for line in listing(run.checked))
        panels = tuple(self._panel(names, run) for names in example.shown or run.inputs)
        return Shown(example.task, lines, panels, self._panel(run.steps[-1].step.step.target, run))

    def _panel(self, names: str, run: Run) -> Panel:
        """Return the panel of a variable. That of `IMAGES0: ANSWERS0` has pictures with their answers."""
        name, _, words = names.partition(": ")
        match run.variables[name]:
            case Image() as image:
                return Panel(name, (self._figure(image, f"{name}: a picture"),))
            case Regions() as found:
                images = (each for each in run.variables.values() if isinstance(each, Image))
                picture = next(each for each in images if each.size == found.size)
                return Panel(name, (self._figure(picture, f"{name}: {describe(found).summary}", found),))
            case [Image(), *_] as crops:
                figures = (self._figure(each, f"{name}, picture {n}") for n, each in enumerate(crops, 1))
                answers = map(_brief, run.variables[words] if words else ())
                return Panel(names.replace(": ", " and "), tuple(figures), tuple(answers))
            case list() as items:
                return Panel(name, words=tuple(map(_brief, items)))
            case value:
                return Panel(name, text=_brief(value))

    def _figure(self, image: Image, alt: str, regions: Regions | None = None) -> Figure:
        figure = self.album.figure(image, alt, regions)
        assert figure is not None, "the pictures take a tenth of the room on a page"  # noqa: S101
        return figure


def _brief(value: object) -> str:
    """Return a text, a number, or a list of them in one line; "" for any other value."""
    if isinstance(value, list):
        return ", ".join(filter(None, map(_brief, value)))
    text = f"{value:.3g}" if isinstance(value, float) else value if isinstance(value, str | int) else ""
    return printable(str(text))


def render(cards: Iterable[Card], album: Album) -> str:
    """Return the page. It is one file, loads nothing, and allows only its own styles and script."""
    style = minified(source("visprog.trace", "page.css") + (FILES / "page.css").read_text("utf-8"))
    script = minified(source("visprog.trace", "page.js"))
    templates = Environment(loader=FileSystemLoader(FILES), autoescape=True, undefined=StrictUndefined)
    templates.trim_blocks = templates.lstrip_blocks = True
    return templates.get_template("page.html.jinja").render(
        groups=[(name, list(group)) for name, group in groupby(cards, key=lambda card: card.group)],
        album=album,
        style=style,
        script=script,
        styles=" ".join(map(policy_hash, (style, album.proportions))),
        scripts=policy_hash(script),
    )


def main() -> None:
    """Run all programs, and write the page."""
    parser = argparse.ArgumentParser(description="Write a page that shows every tool.")
    parser.add_argument("-o", "--output", type=Path, default=Path("gallery.html"), metavar="FILE")
    parser.add_argument("--photos", type=Path, default=PHOTOS, metavar="FOLDER", help="has the photographs")
    options = parser.parse_args()
    try:
        gallery = Gallery(options.photos)
        page = render(gallery.cards(read_examples()), gallery.album).encode()
        write_atomically(options.output, page)
    except VisProgError as error:
        raise SystemExit(str(error)) from None
    print(f"{options.output}: {len(page) / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
