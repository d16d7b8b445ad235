"""Random programs with lists, and the same programs with one step for each item of a list."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from itertools import count
from typing import Any, NamedTuple

from visprog import Run, tool
from visprog.language.checked import CheckedStep
from visprog.language.program import ListValue, Literal, Value, Variable, doubled_braces


class Known(NamedTuple):
    """A variable of a random program.

    Lists of one `group` have the same length; None is the group of single values. `root` is the picture in
    which an image or regions lie.
    """

    name: str
    kind: str
    group: int | None = None
    root: str = ""


WORDS = ("dog", "cat, bird", "LEFT", "TOP", "None", "What is it?", "a {{b}}", "é 日本", ":-{", "it's \\n x")
ORDERS = ("left", "right", "top", "bottom", "size", "width", "height", "score")
RELATIONS = ("left of", "above", "inside", "contains", "overlapping", "near", "nearest", "farthest")


@dataclass
class Writer:
    """Writes one random program. Every choice comes from `rng`."""

    rng: random.Random
    known: list[Known] = field(
        default_factory=lambda: [
            Known("IMAGE", "image", root="IMAGE"),
            Known("LEFT", "image", root="LEFT"),
        ]
    )
    lines: list[str] = field(default_factory=list)
    _numbers: Any = field(default_factory=count)

    def program(self, steps: int) -> str:
        """Return a program of about `steps` steps. Its result is a list of the values of all steps."""
        for _ in range(2):
            self._loc()
        while len(self.lines) < steps:
            self.rng.choice(_MAKERS)(self)
        names = [each.name for each in self.known if each.name not in ("IMAGE", "LEFT")]
        return "\n".join([*self.lines, f"RESULT=Result(var=[{', '.join(names)}])"])

    def _add(self, call: str, kind: str, group: int | None = None, root: str = "") -> None:
        name = f"V{next(self._numbers)}"
        self.lines.append(f"{name}={call}")
        self.known.append(Known(name, kind, group, root))

    def _pick(self, kind: str, group: int | None = None, root: str | None = None) -> Known | None:
        """Return a variable: a single one, or a list. Given a group, lists have this group."""
        fits = [
            each
            for each in self.known
            if each.kind == kind
            and (root is None or each.root == root)
            and (group is None or each.group in (None, group))
        ]
        if kind == "image" and group is None and root is None and self.rng.random() < 0.2:
            return self._written_list([each for each in fits if each.group is None])
        return self.rng.choice(fits) if fits else None

    def _written_list(self, images: list[Known]) -> Known:
        chosen = [self.rng.choice(images) for _ in range(self.rng.randint(0, 3))]
        roots = {each.root for each in chosen}
        root = roots.pop() if len(roots) == 1 else f"mixed {next(self._numbers)}"
        return Known(f"[{', '.join(each.name for each in chosen)}]", "image", next(self._numbers), root)

    def _text(self) -> str:
        text = self.rng.choice(WORDS)
        answers = [each for each in self.known if each.kind in ("value", "label")]
        if answers and self.rng.random() < 0.4:
            text = self.rng.choice((f"{text} {{NAME}}", "{NAME}", f"{{NAME}}, {text}"))
            text = text.replace("{NAME}", f"{{{self.rng.choice(answers).name}}}")
        return '"' + text + '"'

    def _loc(self) -> None:
        image = self._pick("image")
        if image is not None:
            call = f"Loc(image={image.name}, object={self._text()})"
            self._add(call, "regions", image.group, image.root)

    def _vqa(self) -> None:
        image = self._pick("image")
        if image is None:
            return
        question, group = self._text(), image.group
        if group is None and self.rng.random() < 0.3:
            questions = [self._text() for _ in range(self.rng.randint(0, 3))]
            question, group = f"[{', '.join(questions)}]", next(self._numbers)
        self._add(f"Vqa(image={image.name}, question={question})", "value", group)

    def _crop_each(self) -> None:
        image = self._pick("image", group=-1)
        regions = image and self._pick("regions", group=-1, root=image.root)
        if image and regions:
            call = f"CropEach(image={image.name}, object={regions.name})"
            self._add(call, "image", self._members(regions), image.root)

    def _members(self, regions: Known) -> int:
        """Return the group of lists that have one item for each of the regions."""
        return -2 - int(regions.name.removeprefix("V"))

    def _with_picture(self) -> None:
        image = self._pick("image")
        regions = image and self._pick("regions", group=image.group or -1, root=image.root)
        if not image or not regions:
            return
        group = image.group if image.group is not None else regions.group
        name = self.rng.choice(("Crop", "CropLeft", "CropAround", "Blur", "Filter", "Select"))
        given = f"image={image.name}, object={regions.name}"
        if name in ("Filter", "Select"):
            self._add(f"{name}({given}, query={self._text()})", "regions", group, image.root)
        else:
            self._add(f"{name}({given})", "image", group, image.root)

    def _of_regions(self) -> None:
        regions = self._pick("regions")
        if regions is None:
            return
        given, order = f"object={regions.name}", self.rng.choice(ORDERS)
        match self.rng.choice(("Count", "Pick", "Sort", "Measure", "Labels")):
            case "Count":
                self._add(f"Count({given})", "label", regions.group)
            case "Pick":
                place = self.rng.choice(("1", "2", "-1"))
                self._add(
                    f"Pick({given}, by='{order}', place={place})", "regions", regions.group, regions.root
                )
            case "Sort":
                self._add(f"Sort({given}, by='{order}')", "regions", regions.group, regions.root)
            case "Measure" if regions.group is None:
                self._add(f"Measure({given}, what='area')", "label", self._members(regions))
            case "Labels" if regions.group is None:
                self._add(f"Labels({given})", "label", self._members(regions))

    def _of_two_regions(self) -> None:
        first = self._pick("regions")
        second = first and self._pick("regions", group=first.group or -1, root=first.root)
        if not first or not second:
            return
        group = first.group if first.group is not None else second.group
        name = self.rng.choice(("Relate", "Without", "Both"))
        if name == "Relate":
            call = f"Relate({first.name}, '{self.rng.choice(RELATIONS)}', {second.name})"
        else:
            call = f"{name}({first.name}, {second.name})"
        self._add(call, "regions", group, first.root)

    def _keep(self) -> None:
        regions = self._pick("regions", group=-1)
        answers = regions and self._pick_list(("value",), self._members(regions))
        if regions and answers:
            self._add(f"Keep(object={regions.name}, where={answers.name})", "regions", None, regions.root)

    def _pick_list(self, kinds: tuple[str, ...], group: int | None = None) -> Known | None:
        lists = [each for each in self.known if each.kind in kinds and each.group is not None]
        fits = [each for each in lists if group in (None, each.group)]
        return self.rng.choice(fits) if fits else None

    def _count_list(self) -> None:
        counted = self._pick_list(("image", "value", "label"))
        if counted is not None:
            self._add(f"Count({counted.name})", "value")

    def _eval(self) -> None:
        found = self._pick_list(("value", "label"))
        if found is None:
            return
        source, keeps_length = self.rng.choice(
            (
                ("count({L})", None),
                ("count({L}, 'yes')", None),
                ("{L}[0]", None),
                ("{L}[-1]", None),
                ("sorted({L})", True),
                ("unique({L})", False),
                ("{L} + ['x']", False),
                ("any({L})", None),
                ("'{L}!'", None),
            )
        )
        group = None if keeps_length is None else found.group if keeps_length else next(self._numbers)
        self._add(f'Eval("{source.replace("L", found.name)}")', "value", group)


_MAKERS: tuple[Callable[[Writer], None], ...] = (
    Writer._loc,
    Writer._vqa,
    Writer._vqa,
    Writer._crop_each,
    Writer._crop_each,
    Writer._with_picture,
    Writer._of_regions,
    Writer._of_two_regions,
    Writer._keep,
    Writer._count_list,
    Writer._eval,
)


def random_program(seed: int, steps: int) -> str:
    """Return the random program of a seed."""
    return Writer(random.Random(seed)).program(steps)


@tool("At", version="1")
def at(items: list[Any], place: int) -> object:
    """Return the item of a list at `place`, from 0."""
    return items[place]


class Unrolled(NamedTuple):
    """A program without lifted steps. `elements` has the steps that replace each lifted step."""

    program: str
    elements: Mapping[str, tuple[str, ...]]


def unrolled(run: Run) -> Unrolled:
    """Return the program of a run with one step for each element of a lifted step, and a list of them."""
    lines: list[str] = []
    elements: dict[str, tuple[str, ...]] = {}
    values = {step.name: step.value for step in run.steps if step.status in ("done", "cached")}
    for step in run.checked.steps:
        if not step.lifted:
            lines.append(str(step.step))
            continue
        length = min(_length(step.arguments[name], values, elements) for name in step.lifted)
        names = tuple(f"{step.name}_{place}" for place in range(length))
        for place, name in enumerate(names):
            lines += _element(step, place, name, elements)
        elements[step.name] = names
        lines.append(f"{step.name}=Result(var=[{', '.join(names)}])")
    return Unrolled("\n".join(lines), elements)


def _length(value: Value, values: Mapping[str, Any], elements: Mapping[str, tuple[str, ...]]) -> int:
    """Return the length of a list; 0 if it depends on a step that failed."""
    if isinstance(value, ListValue):
        return len(value.items)
    assert isinstance(value, Variable)
    return len(elements.get(value.name, values.get(value.name, ())))


def _element(step: CheckedStep, place: int, name: str, elements: Mapping[str, tuple[str, ...]]) -> list[str]:
    lines, given = [], []
    for parameter, value in step.arguments.items():
        if parameter not in step.lifted:
            given.append(f"{parameter}={_written(value)}")
        elif isinstance(value, ListValue):
            given.append(f"{parameter}={_written(value.items[place])}")
        elif str(value) in elements:
            given.append(f"{parameter}={elements[str(value)][place]}")
        else:
            lines.append(f"{name}_{parameter}=At({value}, {place})")
            given.append(f"{parameter}={name}_{parameter}")
    return [*lines, f"{name}={step.tool}({', '.join(given)})"]


def _written(value: Value) -> str:
    """Return a checked value as it is written in a program. The braces in its texts are single."""
    if isinstance(value, ListValue):
        return f"[{', '.join(map(_written, value.items))}]"
    if isinstance(value, Literal) and isinstance(value.value, str):
        return repr(doubled_braces(value.value))
    return str(value)
