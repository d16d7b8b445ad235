"""A page that shows every tool: a program for a small task, its pictures, and its result.

Tools that need no weights run on photographs. The others run in the miniature world, where an oracle that knows
the drawings answers instead of models. A terminal shows a shorter list of the tools:

visprog tools
"""

from __future__ import annotations

import argparse
import tomllib
from collections.abc import Iterable, Mapping
from itertools import groupby
from pathlib import Path
from time import perf_counter
from typing import Any, NamedTuple

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from visprog import Image, Regions, Run, VisProg, load_image
from visprog.miniworld.catalogue import CATEGORIES
from visprog.miniworld.drawing import DrawnScene, draw
from visprog.miniworld.oracle import Oracle
from visprog.miniworld.scene import Ground, Scene, Thing
from visprog.tools import Tool
from visprog.trace.figures import Album, Figure
from visprog.trace.program_listing import Line, listing
from visprog.trace.templates import minified, policy_hash, source
from visprog.trace.value_view import describe

HERE = Path(__file__).parent
FILES, PHOTOS = HERE / "gallery", HERE / "images"
SIZE = (400, 300)
"""Width and height of a drawing, in pixels."""


class Example(NamedTuple):
    """A program of the gallery: see programs.toml. `tool` is empty if it shows a form of the language."""

    task: str
    pictures: tuple[str, ...]
    program: str
    tool: str = ""
    form: str = ""
    about: str = ""
    shown: tuple[str, ...] = ()


class Panel(NamedTuple):
    """A value on the page: a picture, or a list of pictures or words, or a text. Pictures may have `words`."""

    name: str
    pictures: tuple[Figure, ...] = ()
    words: tuple[str, ...] = ()
    text: str = ""


class Shown(NamedTuple):
    """A program on the page: each line with its value as text, the values before the result, and the result."""

    task: str
    lines: tuple[tuple[Line, str], ...]
    panels: tuple[Panel, ...]
    result: Panel


class Card(NamedTuple):
    """A tool or a form of the language, with its programs."""

    name: str
    summary: str
    models: tuple[str, ...]
    group: str
    programs: tuple[Shown, ...]

    @property
    def anchor(self) -> str:
        """The id of the card on the page."""
        return self.name.lower().replace(" ", "-")


def read_examples() -> tuple[Example, ...]:
    """Return the programs of programs.toml."""
    entries = tomllib.loads((FILES / "programs.toml").read_text("utf-8"))["example"]
    return tuple(Example(**{key: _tuple(key, value) for key, value in each.items()}) for each in entries)


def _tuple(key: str, value: Any) -> Any:
    if key not in ("pictures", "shown"):
        return value.strip()
    return tuple(value) if isinstance(value, list) else (value,)


def read_scenes() -> dict[str, DrawnScene]:
    """Return the drawings of scenes.toml by name."""
    entries = tomllib.loads((FILES / "scenes.toml").read_text("utf-8"))
    return {name: draw(_scene(entry)) for name, entry in entries.items()}


def _scene(entry: Mapping[str, Any]) -> Scene:
    ground = Ground(tuple(entry["ground"]), entry["seed"])
    return Scene(*SIZE, ground, tuple(map(_thing, entry["things"])))


def _thing(words: str) -> Thing:
    """Read a thing such as `red balloon 20 60 66`: colour, category, left, top, side."""
    name, left, top, side = words.rsplit(maxsplit=3)
    colour, _, category = name.partition(" ")
    if name in CATEGORIES:
        colour, category = CATEGORIES[name].colour or "", name
    x, y, width = int(left), int(top), int(side)
    return Thing(category, colour or None, (x, y, x + width, y + width))


class Gallery:
    """Runs programs on `photos`, a folder with photographs, and on the drawings, and keeps their pictures."""

    def __init__(self, photos: Path = PHOTOS) -> None:
        self.scenes = read_scenes()
        self.photos = photos
        self.album = Album(room=(300, 560), scores=False)
        self.without_weights = VisProg(models="base")
        self.miniature_world = VisProg(models=Oracle(self.scenes.values()).zoo())

    def run(self, example: Example) -> Run:
        """Run the program of an example on its pictures."""
        drawn = all(name in self.scenes for name in example.pictures)
        session = self.miniature_world if drawn else self.without_weights
        names = ("LEFT", "RIGHT") if len(example.pictures) == 2 else ("IMAGE",)
        return session.execute(example.program, dict(zip(names, map(self.picture, example.pictures), strict=True)))

    def picture(self, name: str) -> Image:
        """Return a drawing or a photograph by name."""
        return self.scenes[name].image if name in self.scenes else load_image(self.photos / name)

    def cards(self, examples: Iterable[Example]) -> list[Card]:
        """Run all examples. Those of a tool that follow each other share a card."""
        groups = groupby(examples, key=lambda each: each.tool or each.form)
        return [self._card(name, list(group)) for name, group in groups]

    def _card(self, name: str, examples: list[Example]) -> Card:
        programs = tuple(self._shown(example, self.run(example)) for example in examples)
        tool = self.miniature_world.tools.get(examples[0].tool)
        if tool is None:
            return Card(name, examples[0].about, (), "language", programs)
        return Card(tool.name, tool.signature.summary, _models(tool), group_of(tool), programs)

    def _shown(self, example: Example, run: Run) -> Shown:
        values = {step.index: step.value for step in run.steps if step.name != run.checked.steps[-1].name}
        lines = ((line, _brief(values.get(line.step))) for line in listing(run.checked))
        panels = (self._panel(names, run) for names in example.shown or run.inputs)
        return Shown(example.task, tuple(lines), tuple(panels), self._panel(run.checked.steps[-1].step.target, run))

    def _panel(self, names: str, run: Run) -> Panel:
        """Return the panel of a variable, or of two: `IMAGES0: ANSWERS0` are pictures, each with its answer."""
        name, _, words = names.partition(": ")
        match run.variables[name]:
            case Image() as image:
                return Panel(name, (self._figure(image, f"{name}: a picture"),))
            case Regions() as regions:
                picture = next(each for each in run.variables.values() if _is_picture_of(each, regions))
                return Panel(name, (self._figure(picture, f"{name}: {describe(regions).summary}", regions),))
            case [Image(), *_] as images:
                figures = (self._figure(each, f"{name}, picture {n}") for n, each in enumerate(images, 1))
                answers = run.variables[words] if words else ()
                return Panel(names.replace(": ", " and "), tuple(figures), tuple(map(_text, answers)))
            case list() as items:
                return Panel(name, words=tuple(map(_text, items)))
            case value:
                return Panel(name, text=_text(value))

    def _figure(self, image: Image, alt: str, regions: Regions | None = None) -> Figure:
        figure = self.album.figure(image, alt, regions)
        if figure is None:
            raise SystemExit("the pictures need more room than the page has")
        return figure


def group_of(tool: Tool) -> str:
    """Return the group of a built-in tool: the folder of its file."""
    return tool.function.__module__.split(".")[-2]


def _models(tool: Tool) -> tuple[str, ...]:
    return tuple(need.role.replace("_", " ") for need in tool.needs.values() if not need.optional)


def _is_picture_of(value: object, regions: Regions) -> bool:
    return isinstance(value, Image) and value.size == regions.size


def _brief(value: object) -> str:
    """Return a text, a number or a list of them as a line of a program shows it; "" for any other value."""
    if isinstance(value, list):
        return ", ".join(filter(None, map(_brief, value)))
    return _text(value) if isinstance(value, str | int | float) else ""


def _text(value: object) -> str:
    return f"{value:.3g}" if isinstance(value, float) else str(value)


def render(cards: list[Card], album: Album) -> str:
    """Return the page. It is one file, loads nothing, and allows only its own styles and script."""
    style = minified(source("visprog.trace", "page.css") + (FILES / "page.css").read_text("utf-8"))
    script = minified(source("visprog.trace", "page.js"))
    styles = " ".join(map(policy_hash, (style, album.proportions)))
    policy = (
        f"default-src 'none'; img-src data:; style-src {styles}; script-src {policy_hash(script)}; "
        "base-uri 'none'; form-action 'none'"
    )
    pages = Environment(
        loader=FileSystemLoader(FILES), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    return pages.get_template("page.html.jinja").render(
        groups=[(name, list(group)) for name, group in groupby(cards, key=lambda card: card.group)],
        album=album,
        policy=policy,
        style=Markup(style),  # noqa: S704 - a file of ours
        script=Markup(script),  # noqa: S704 - a file of ours
    )


def main() -> None:
    """Run all programs, and write the page."""
    parser = argparse.ArgumentParser(description="Write a page that shows every tool.")
    parser.add_argument("-o", "--output", type=Path, default=Path("gallery.html"), metavar="FILE")
    parser.add_argument("--photos", type=Path, default=PHOTOS, metavar="FOLDER", help="folder of the photographs")
    options = parser.parse_args()
    started = perf_counter()
    gallery = Gallery(options.photos)
    page = render(gallery.cards(read_examples()), gallery.album)
    options.output.write_text(page, "utf-8")
    print(f"{options.output}: {len(page) / 1e6:.1f} MB in {perf_counter() - started:.0f} s")


if __name__ == "__main__":
    main()
