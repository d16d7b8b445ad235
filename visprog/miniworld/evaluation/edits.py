"""What is right of an edit: the region, what is seen there now, and what was left alone."""

from __future__ import annotations

import numpy as np

from visprog.language.program import Literal
from visprog.miniworld.drawing import Drawn
from visprog.miniworld.evaluation.judging import Judge
from visprog.miniworld.evaluation.score import WRONG, Score, given
from visprog.miniworld.overlaps import SAME_PLACE, Mask, filled, mask_overlap
from visprog.miniworld.tasks.task import Edit
from visprog.modules.manipulation.foreground import foreground
from visprog.modules.manipulation.sprites import sprite_name
from visprog.trace.run import Run
from visprog.values import Box, Image, Region

_TOOLS = {
    "replace": "Replace",
    "remove": "Replace",
    "color pop": "ColorPop",
    "blur": "BgBlur",
    "emoji": "Emoji",
}
"""The tool that makes each kind of change."""

_REPAINTS = ("replace", "remove", "emoji")
"""The changes that touch the region itself; the others touch all the rest."""


def score_edit(edit: Edit, truth: Drawn, run: Run, judge: Judge) -> Score:
    """Score an edit. Right is the wanted kind of change of the right region that shows what was wanted.

    The region is right from an IoU of 0.5 on. Measured are `iou`, the share of the other pixels left exactly
    as they were (`kept`), whether no pixel outside the chosen region was touched (`outside`), and whether
    what was painted anew shows what it should (`shows`); an emoji has to be the wanted one.
    """
    if not isinstance(run.result, Image) or run.result.size != truth.image.size:
        return WRONG
    gold, chosen = gold_region(edit, truth), _chosen_region(edit, truth.image, run, judge)
    same = (run.result.pixels == truth.pixels).all(axis=2)
    parts = {"iou": mask_overlap(chosen, gold), "kept": _kept(edit, gold, same)}
    if edit.change in _REPAINTS:
        parts["outside"] = float(same[~_reach(edit, truth.image, chosen, run)].all())
    if edit.change == "replace" and edit.shows is not None:
        parts["shows"] = float(judge.sees(truth.image, run.result, gold, edit.shows))
    right = _is_wanted_change(edit, run) and not same.all()
    return Score(right and parts["iou"] >= SAME_PLACE and parts.get("shows", 1.0) == 1.0, parts)


def _is_wanted_change(edit: Edit, run: Run) -> bool:
    """Whether the program makes the wanted kind of change and no other, an emoji with the wanted drawing."""
    changes = [step for step in run.checked.steps if step.tool in _TOOLS.values()]
    if not changes or any(step.tool != _TOOLS[edit.change] for step in changes):
        return False
    drawings = [step.arguments.get("emoji") for step in changes]
    return edit.change != "emoji" or all(
        isinstance(each, Literal) and sprite_name(str(each.value)) == sprite_name(str(edit.shows))
        for each in drawings
    )


def gold_region(edit: Edit, truth: Drawn) -> Mask:
    """Return the pixels that an edit is about: things, stuff, or heads."""
    region = np.zeros(truth.owners.shape, np.bool_)
    if edit.stuff is not None:
        region |= truth.stuff(edit.stuff)
    for index in edit.things:
        head = truth.face(index) if edit.change == "emoji" else None
        region |= filled([head], truth.image.size) if head else truth.mask(index)
    return region


def _chosen_region(edit: Edit, image: Image, run: Run, judge: Judge) -> Mask:
    """Return the pixels that the program chose to change, or to spare where all the rest changes."""
    chosen = np.zeros(image.pixels.shape[:2], np.bool_)
    for regions in given(run, _TOOLS[edit.change]):
        if edit.change == "emoji":
            chosen |= filled((region.box for region in regions), image.size)
        elif regions.size == image.size:
            chosen |= foreground(image, regions, judge.masker)
    return chosen


def _reach(edit: Edit, image: Image, chosen: Mask, run: Run) -> Mask:
    """Return the pixels that the tool may touch: an emoji is a square about the middle of its region."""
    if edit.change != "emoji":
        return chosen
    squares = (_square(region) for regions in given(run, "Emoji") for region in regions)
    return filled(squares, image.size)


def _square(region: Region) -> Box:
    (x, y), half = region.center, max(region.width, region.height) / 2 + 1  # 1 for rounding
    return int(x - half), int(y - half), int(x + half + 1), int(y + half + 1)


def _kept(edit: Edit, gold: Mask, same: Mask) -> float:
    """Return the share of the pixels which are not to change that are exactly as they were."""
    spared = ~gold if edit.change in _REPAINTS else gold
    return float(same[spared].mean()) if spared.any() else 1.0
