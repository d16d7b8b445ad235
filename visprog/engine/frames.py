"""Frames of a step's values: regions are moved into the picture on which they are used."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from visprog.boxes import clip
from visprog.errors import UsageError
from visprog.frame import Frame
from visprog.language.types import Signature, Type
from visprog.values import Image, Region, Regions


def in_one_frame(
    signature: Signature, arguments: dict[str, Any], warn: Callable[[str], None]
) -> dict[str, Any]:
    """Return the arguments of a call with all regions in the frame of its picture, or in that of their root.

    Regions or pictures without a frame are not moved. Raises UsageError if regions lie in another input.
    """
    regions = {p.name: arguments.get(p.name) for p in signature.parameters if p.type is Type.REGIONS}
    placed = {name: each for name, each in regions.items() if isinstance(each, Regions) and each.frame}
    pictures = [arguments.get(p.name) for p in signature.parameters if p.type is Type.IMAGE]
    if not placed or len(pictures) > 1:
        return arguments
    if pictures:
        return arguments | _in_picture(placed, pictures[0], warn)
    return arguments | _in_root(placed)


def _in_picture(
    placed: Mapping[str, Regions], picture: object, warn: Callable[[str], None]
) -> dict[str, Any]:
    if not isinstance(picture, Image) or (frame := picture.frame) is None:
        return {}
    moved = {}
    for name, regions in placed.items():
        if regions.frame is None or regions.frame.root != frame.root:
            raise _other_picture(name, "the picture")
        moved[name] = move_regions(regions, frame, picture.size)
        if moved[name].empty and not regions.empty:
            warn(f"no region of `{name}` lies inside this part of the picture")
    return moved


def _in_root(placed: Mapping[str, Regions]) -> dict[str, Any]:
    frames = {name: regions.frame for name, regions in placed.items() if regions.frame is not None}
    first, *others = frames.items()
    for name, frame in others:
        if frame.root != first[1].root:
            raise _other_picture(name, f"`{first[0]}`")
    if len({(frame, placed[name].size) for name, frame in frames.items()}) == 1:
        return {}
    return {name: move_regions(placed[name], frame.whole, frame.root_size) for name, frame in frames.items()}


def _other_picture(name: str, other: str) -> UsageError:
    return UsageError(
        f"the regions of `{name}` lie in another picture than {other}",
        help="find the regions in the picture in which you use them",
    )


def move_regions(regions: Regions, frame: Frame, size: tuple[int, int]) -> Regions:
    """Return the regions in another frame of the same root, clipped to `size` (width, height).

    Regions that lie outside are left out.
    """
    if regions.frame is None or (regions.frame == frame and regions.size == size):
        return regions
    shift = regions.frame.left - frame.left, regions.frame.top - frame.top
    moved = (_moved(region, shift, size) for region in regions)
    return Regions((region for region in moved if region is not None), size=size, frame=frame)


def _moved(region: Region, shift: tuple[int, int], size: tuple[int, int]) -> Region | None:
    right, down = shift
    left, top, end, bottom = region.box
    box = clip((left + right, top + down, end + right, bottom + down), size)
    if box is None or region.mask is None:
        return None if box is None else Region(box, region.label, region.score)
    mask = _moved_mask(region.mask, shift, size)
    return Region(box, region.label, region.score, mask) if mask.any() else None


def _moved_mask(mask: Any, shift: tuple[int, int], size: tuple[int, int]) -> Any:
    moved = np.zeros((size[1], size[0]), dtype=np.bool_)
    height, width = mask.shape
    area = clip((shift[0], shift[1], shift[0] + width, shift[1] + height), size)
    if area is not None:
        left, top, right, bottom = area
        moved[top:bottom, left:right] = mask[
            top - shift[1] : bottom - shift[1], left - shift[0] : right - shift[0]
        ]
    return moved


def framed(signature: Signature, arguments: Mapping[str, Any], value: Any) -> Any:
    """Return a tool's value in the frame of the argument from which it was made.

    A crop of the argument has its frame already. A picture of another size has no known frame.
    """
    source = arguments.get(signature.frame_from) if signature.frame_from is not None else None
    if not isinstance(source, Image | Regions) or source.frame is None:
        return value
    if isinstance(value, list):
        return [framed(signature, arguments, each) for each in value]
    if not isinstance(value, Image | Regions) or value is source or value.size != source.size:
        return value
    return value if _is_part(value, source.frame) else value.with_frame(source.frame)


def _is_part(value: Image | Regions, frame: Frame) -> bool:
    return isinstance(value, Image) and value.frame is not None and value.frame.root == frame.root
