"""Scores for tags and edits in drawn scenes, by the pixels of the scene."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple, cast

import numpy as np

from visprog.boxes import Box, enlarge
from visprog.evaluation.benchmark import Score
from visprog.evaluation.metrics import SAME_PLACE, Mask, box_overlaps, mask_overlap, matches
from visprog.language.program import Literal, Variable
from visprog.miniworld.catalogue import CATEGORIES, COLOURS, STUFF
from visprog.miniworld.drawing import DrawnScene, bounds
from visprog.miniworld.oracle import Oracle
from visprog.miniworld.tasks.task import Edit, Tag
from visprog.models.handle import ModelHandle
from visprog.models.roles import ImageTextScorer, Masker, Models
from visprog.modules.manipulation.covers import cover
from visprog.modules.manipulation.foreground import foreground
from visprog.modules.manipulation.sprites import sprite_name
from visprog.modules.understanding.labels import named
from visprog.trace.run import Run
from visprog.values import Image, Region, Regions

_TOOLS = {
    "replace": "Replace",
    "remove": "Replace",
    "color pop": "ColorPop",
    "blur": "BgBlur",
    "emoji": "Emoji",
}
"""The tool for each kind of change."""

_REPAINTS = ("replace", "remove", "emoji")

_EMOJI_REACH = 5 / 3
"""The largest extent of an emoji beyond the middle of its cover, as a multiple of the cover's."""
"""The changes that affect the region itself. The others affect everything except the region."""

_SAME_PIXELS = 0.5
"""Minimum share of a region's pixels that must equal the oracle's: the rest may be hidden or cut off."""


def score_tags(tags: Iterable[Tag], found: Iterable[Region]) -> Score:
    """Score tagged regions. They are right if regions and tags match one to one, by place and name.

    Parts: the number of regions that match by place and name (`matched`), by place alone (`located`), and the
    numbers of all regions (`found`) and tags (`expected`).
    """
    expected, regions = tuple(tags), tuple(found)
    overlaps = box_overlaps((region.box for region in regions), (tag.box for tag in expected))
    names = [[named(tag.name, _without_colour(region.label)) for tag in expected] for region in regions]
    matched = matches(np.where(np.array(names, np.bool_).reshape(overlaps.shape), overlaps, 0.0))
    counts = {
        "matched": matched,
        "located": matches(overlaps),
        "found": len(regions),
        "expected": len(expected),
    }
    return Score(matched == len(regions) == len(expected), counts)


def _without_colour(label: str) -> str:
    """Return a label without its colour: "red car" is a right tag for a car."""
    colour, _, name = label.partition(" ")
    return name if colour.casefold() in COLOURS and name else label


def regions_given(run: Run, tool: str) -> Iterator[Regions]:
    """Yield the regions that each completed step of a tool was called with."""
    done = {record.step.name: record.value for record in run.steps if record.status in ("done", "cached")}
    for record in run.steps:
        argument = record.step.arguments.get("object")
        if record.step.tool == tool and record.step.name in done and isinstance(argument, Variable):
            yield done[argument.name]


class EditJudge(NamedTuple):
    """Models that judge an edited picture.

    `masker` finds the masks of boxes, as in the tools. `shows`, given the picture before and after the edit,
    returns whether a region now shows what a name says.
    """

    masker: Masker | None
    shows: Callable[[Image, Image, Mask, str], bool]


def judge_by(models: Models) -> EditJudge:
    """Return a judge that uses the evaluated models: the scorer must choose the right name of all names.

    The models are loaded on first use.
    """
    scorer = cast(ImageTextScorer, ModelHandle(models, "image_text_scorer"))
    masker = cast(Masker, ModelHandle(models, "masker")) if models.has("masker") else None

    def shows(before: Image, after: Image, region: Mask, name: str) -> bool:  # noqa: ARG001
        names = _choices(name)
        scores = scorer.score([after.crop(bounds(region))], names)
        return names[int(scores[0].argmax())] == name

    return EditJudge(masker, shows)


def judge_with(truth: Oracle) -> EditJudge:
    """Return a judge that knows the truth: a region is right if the oracle paints mostly the same pixels."""

    def shows(before: Image, after: Image, region: Mask, name: str) -> bool:
        same = (truth.inpaint(before, region, name).pixels == after.pixels).all(axis=2)
        return bool(same[region].mean() > _SAME_PIXELS)

    return EditJudge(truth, shows)


def _choices(name: str) -> list[str]:
    """Return the names to choose from: all stuff, or all categories, with every colour of the right one."""
    if name in STUFF:
        return list(STUFF)
    category = name if name in CATEGORIES else name.partition(" ")[2]
    own = [name] if name == category else [f"{colour} {category}" for colour in CATEGORIES[category].colours]
    return [*(each for each in CATEGORIES if each != category), *own]


def score_edit(edit: Edit, truth: DrawnScene, run: Run | None, judge: EditJudge) -> Score:
    """Score an edit. It is right if the right region has the right kind of change and shows the right thing.

    Parts: the IoU of the changed region with the right one (`iou`; right from 0.5), the share of the other
    pixels that are unchanged (`kept`), whether no pixel outside the chosen region changed (`outside`), and
    for replacements whether the region shows the right thing (`shows`). An emoji must be the right one.
    """
    if run is None or not run.ok or not isinstance(run.result, Image) or run.result.size != truth.image.size:
        return Score(False, {"shows": 0.0} if edit.change == "replace" else {})
    gold, chosen = gold_region(edit, truth), _chosen_region(edit, truth.image, run, judge)
    same = (run.result.pixels == truth.pixels).all(axis=2)
    parts = {"iou": mask_overlap(chosen, gold), "kept": _kept(edit, gold, same)}
    if edit.change in _REPAINTS:
        parts["outside"] = float(same[~_reach(edit, truth.image, chosen, run)].all())
    if edit.change == "replace" and edit.shows is not None:
        parts["shows"] = float(judge.shows(truth.image, run.result, gold, edit.shows))
    right = _is_right_change(edit, run) and not same.all()
    return Score(right and parts["iou"] >= SAME_PLACE and parts.get("shows", 1.0) == 1.0, parts)


def _is_right_change(edit: Edit, run: Run) -> bool:
    """Return whether the program makes only the right kind of change. An emoji must be the right one."""
    changes = [step for step in run.checked.steps if step.tool in _TOOLS.values()]
    if not changes or any(step.tool != _TOOLS[edit.change] for step in changes):
        return False
    drawings = [step.arguments.get("emoji") for step in changes]
    return edit.change != "emoji" or all(
        isinstance(each, Literal) and sprite_name(str(each.value)) == sprite_name(str(edit.shows))
        for each in drawings
    )


def gold_region(edit: Edit, truth: DrawnScene) -> Mask:
    """Return the pixels that an edit is about: things, stuff, or faces."""
    region = np.zeros(truth.owners.shape, np.bool_)
    if edit.stuff is not None:
        region |= truth.stuff(edit.stuff)
    for index in edit.things:
        head = truth.face(index) if edit.change == "emoji" else None
        region |= _filled([head], truth.image.size) if head else truth.mask(index)
    return region


def _chosen_region(edit: Edit, image: Image, run: Run, judge: EditJudge) -> Mask:
    """Return the pixels that the program chose to change, or to keep if everything else changes."""
    chosen = np.zeros(image.pixels.shape[:2], np.bool_)
    for regions in regions_given(run, _TOOLS[edit.change]):
        if edit.change == "emoji":
            chosen |= _filled((region.box for region in regions), image.size)
        elif regions.size == image.size:
            chosen |= foreground(image, regions, judge.masker)
    return chosen


def _reach(edit: Edit, image: Image, chosen: Mask, run: Run) -> Mask:
    """Return the pixels that the tool may change. Ears of an emoji lie outside of its cover."""
    if edit.change != "emoji":
        return chosen
    covers = (cover(region, image.size) for regions in regions_given(run, "Emoji") for region in regions)
    boxes = (enlarge(each.box, _EMOJI_REACH, image.size) for each in covers if each)
    return _filled((box for box in boxes if box), image.size)


def _filled(boxes: Iterable[Box], size: tuple[int, int]) -> Mask:
    """Return the pixels inside any of the boxes, in a picture of `size` (width, height)."""
    return Regions((Region(box) for box in boxes), size=size).union_mask()


def _kept(edit: Edit, gold: Mask, same: Mask) -> float:
    """Return the share of the pixels outside the change that are unchanged."""
    spared = ~gold if edit.change in _REPAINTS else gold
    return float(same[spared].mean()) if spared.any() else 1.0
