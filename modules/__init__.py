"""The built-in tools, in five groups. `TOOLS` lists them all."""

from __future__ import annotations

if __name__ != "visprog.modules":
    raise ImportError(
        f"the built-in tools are the package `visprog.modules`, not `{__name__}`: "
        "write `from visprog.modules import TOOLS`"
    )

from visprog.modules.knowledge.list import list_known
from visprog.modules.logic.count import count
from visprog.modules.logic.eval import evaluate
from visprog.modules.logic.result import result
from visprog.modules.manipulation.background import bg_blur
from visprog.modules.manipulation.blur import blur
from visprog.modules.manipulation.color_pop import color_pop
from visprog.modules.manipulation.crop import (
    crop,
    crop_above,
    crop_ahead,
    crop_around,
    crop_behind,
    crop_below,
    crop_each,
    crop_in_front,
    crop_left,
    crop_right,
)
from visprog.modules.manipulation.cutout import cutout
from visprog.modules.manipulation.emoji import emoji
from visprog.modules.manipulation.outline import outline
from visprog.modules.manipulation.pixelate import pixelate
from visprog.modules.manipulation.replace import replace
from visprog.modules.manipulation.tag import tag
from visprog.modules.regions.measure import labels, measure
from visprog.modules.regions.order import pick, sort
from visprog.modules.regions.own import region
from visprog.modules.regions.relate import relate
from visprog.modules.regions.sets import both, keep, without
from visprog.modules.understanding.caption import caption
from visprog.modules.understanding.classify import classify
from visprog.modules.understanding.colour import colour
from visprog.modules.understanding.face_det import face_det
from visprog.modules.understanding.filter import filter_regions
from visprog.modules.understanding.loc import loc
from visprog.modules.understanding.mask import mask
from visprog.modules.understanding.read_code import read_code
from visprog.modules.understanding.seg import seg
from visprog.modules.understanding.select import select
from visprog.modules.understanding.vqa import vqa
from visprog.tools import Tool

TOOLS: tuple[Tool, ...] = (
    loc,
    face_det,
    seg,
    select,
    filter_regions,
    classify,
    mask,
    vqa,
    caption,
    colour,
    read_code,
    replace,
    color_pop,
    bg_blur,
    blur,
    pixelate,
    cutout,
    tag,
    outline,
    emoji,
    crop,
    crop_left,
    crop_right,
    crop_above,
    crop_below,
    crop_in_front,
    crop_behind,
    crop_ahead,
    crop_around,
    crop_each,
    region,
    pick,
    sort,
    relate,
    without,
    both,
    keep,
    measure,
    labels,
    list_known,
    evaluate,
    count,
    result,
)
"""Every built-in tool, in the order in which they are shown."""
