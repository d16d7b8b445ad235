"""Regions fit every picture of their root: they are moved and clipped, with their masks."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from visprog import Image, Region, Regions, Run, VisProg, tool
from visprog.boxes import clip
from visprog.engine.frames import move_regions
from visprog.frame import Frame
from visprog.models.fake import FakeInpainter

WIDTH, HEIGHT = 30, 22
WHOLE = Frame("0" * 32, 0, 0, (WIDTH, HEIGHT))
Box = tuple[int, int, int, int]


@st.composite
def boxes(draw: st.DrawFn, width: int = WIDTH, height: int = HEIGHT, beyond: int = 0) -> Box:
    left = draw(st.integers(-beyond, width - 1))
    top = draw(st.integers(-beyond, height - 1))
    right = draw(st.integers(left + 1, width + beyond))
    bottom = draw(st.integers(top + 1, height + beyond))
    return left, top, right, bottom


@st.composite
def found_regions(draw: st.DrawFn, frame: Frame = WHOLE, size: tuple[int, int] = (WIDTH, HEIGHT)) -> Regions:
    """Return regions in a picture, some with masks inside their boxes, some beyond its edges."""
    found = []
    for place in range(draw(st.integers(0, 4))):
        box = draw(boxes(*size, beyond=4))
        inside = clip(box, size)
        mask = None
        if inside is not None and draw(st.booleans()):
            left, top, right, bottom = inside
            mask = np.zeros((size[1], size[0]), dtype=np.bool_)
            rng = np.random.default_rng(draw(st.integers(0, 99)))
            mask[top:bottom, left:right] = rng.integers(0, 2, (bottom - top, right - left)) == 1
        found.append(Region(box, f"r{place}", draw(st.integers(0, 10)) / 10, mask))
    return Regions(found, size=size, frame=frame)


def part(box: Box) -> tuple[Frame, tuple[int, int]]:
    left, top, right, bottom = box
    return WHOLE.shifted(left, top), (right - left, bottom - top)


def moved(regions: Regions, box: Box) -> Regions:
    frame, size = part(box)
    return move_regions(regions, frame, size)


@given(found_regions(), boxes())
def test_regions_in_a_part_cover_the_same_pixels(regions: Regions, box: Box) -> None:
    inside = moved(regions, box)
    left, top, right, bottom = box
    assert np.array_equal(inside.union_mask(), regions.union_mask()[top:bottom, left:right])
    assert (inside.frame, inside.size) == part(box)
    assert all(clip(region.box, inside.size) == region.box for region in inside)


@given(found_regions(), boxes())
def test_each_region_in_a_part_is_the_shifted_and_clipped_one(regions: Regions, box: Box) -> None:
    left, top, _, _ = box
    size = part(box)[1]
    expected = []
    for region in regions:
        a, b, c, d = region.box
        shifted = clip((a - left, b - top, c - left, d - top), size)
        mask = None if region.mask is None else region.mask[top : box[3], left : box[2]]
        if shifted is not None and (mask is None or mask.any()):
            expected.append(Region(shifted, region.label, region.score, mask))
    assert list(moved(regions, box)) == expected


@st.composite
def regions_in_a_part(draw: st.DrawFn) -> tuple[Box, Regions]:
    box = draw(boxes())
    frame, size = part(box)
    regions = draw(found_regions(frame, size))
    kept = [
        region
        for region in regions
        if clip(region.box, size) == region.box and (region.mask is None or region.mask.any())
    ]
    return box, Regions(kept, size=size, frame=frame)


@given(regions_in_a_part())
def test_regions_of_a_part_are_the_same_after_a_move_to_the_root_and_back(
    given_part: tuple[Box, Regions],
) -> None:
    box, regions = given_part
    in_root = move_regions(regions, WHOLE, WHOLE.root_size)
    assert len(in_root) == len(regions)
    back = moved(in_root, box)
    assert back == regions
    assert back.digest == regions.digest


@given(found_regions(), boxes(), boxes())
def test_a_move_over_another_part_equals_the_direct_one_where_both_lie(
    regions: Regions, box: Box, other: Box
) -> None:
    """Regions that were clipped on the way cover no more, and within both parts the same."""
    over = moved(moved(regions, other), box).union_mask()
    direct = moved(regions, box).union_mask()
    common = np.zeros((HEIGHT, WIDTH), dtype=np.bool_)
    common[other[1] : other[3], other[0] : other[2]] = True
    assert np.array_equal(over, direct & common[box[1] : box[3], box[0] : box[2]])


@tool("Squares", version="1")
def find_squares(image: Image) -> Regions:
    """Find the squares of a drawn picture by their colours, also if only a part of a square is visible."""
    found = []
    for color in range(1, 9):
        rows, columns = np.nonzero(image.pixels[:, :, 0] == color)
        if rows.size:
            box = int(columns.min()), int(rows.min()), int(columns.max()) + 1, int(rows.max()) + 1
            found.append(Region(box, f"square {color}", 1 - color / 10, image.pixels[:, :, 0] == color))
    return Regions(found, size=image.size)


def drawn(squares: list[Box], shade: int) -> Image:
    pixels: NDArray[np.uint8] = np.zeros((HEIGHT, WIDTH, 3), dtype=np.uint8)
    pixels[:, :, 1] = shade
    for color, (left, top, right, bottom) in enumerate(squares, start=1):
        pixels[top:bottom, left:right, 0] = color
    return Image(pixels)


@tool("Place", version="1")
def place(image: Image, object: Regions) -> Regions:
    """Return the regions as they lie in the picture."""
    return object


@tool("Negative", version="1")
def negative(image: Image) -> Image:
    """Return the negative. Nobody said that it shows the same scene."""
    return Image(255 - image.pixels)


def session(**options: Any) -> VisProg:
    return VisProg(models={"inpainter": FakeInpainter()}, tools=[find_squares, place, negative], **options)


@st.composite
def crops(draw: st.DrawFn) -> str:
    """Return a program that crops the picture several times, and finds the squares in each crop."""
    lines = ["PART0=IMAGE"]
    for depth in range(1, draw(st.integers(2, 5))):
        box = draw(boxes(8, 8))
        lines += [
            f"BOX{depth}=Region(image=PART{depth - 1}, box={[*box]})",
            f"CUT{depth}=Place(image=PART{depth - 1}, object=BOX{depth})",
            f"PART{depth}={draw(st.sampled_from(CROPS))}(image=PART{depth - 1}, object=CUT{depth})",
            f"FOUND{depth}=Squares(PART{depth})",
            f"ROOT{depth}=Place(image=IMAGE, object=FOUND{depth})",
            f"DOWN{depth}=Place(image=PART{depth}, object=ALL)",
            f"UP{depth}=Place(image=PART{depth - 1}, object=FOUND{depth})",
            f"AGAIN{depth}=Place(image=PART{depth}, object=ROOT{depth})",
        ]
    names = [line.partition("=")[0] for line in lines]
    return "\n".join(["ALL=Squares(IMAGE)", *lines, f"RESULT=Result([{', '.join(names)}])"])


CROPS = ("Crop", "CropLeft", "CropRight", "CropAbove", "CropBelow", "CropAround")


@settings(max_examples=30, deadline=None)
@given(crops(), st.lists(boxes(), min_size=1, max_size=4), st.integers(0, 255))
def test_regions_of_nested_crops_equal_those_of_the_root(
    program: str, squares: list[Box], shade: int
) -> None:
    with session(memory=0) as given_session:
        run = given_session.execute(program, {"IMAGE": drawn(squares, shade)})
    values = run.variables
    depths = [int(name.removeprefix("AGAIN")) for name in values if name.startswith("AGAIN")]
    assert depths
    for depth in depths:
        picture, found, in_root = values[f"PART{depth}"], values[f"FOUND{depth}"], values[f"ROOT{depth}"]
        assert masks(values[f"DOWN{depth}"]) == masks(found)
        assert values[f"AGAIN{depth}"] == found
        assert values[f"AGAIN{depth}"].digest == found.digest
        left, top = picture.frame.left, picture.frame.top
        inside = np.zeros((HEIGHT, WIDTH), dtype=np.bool_)
        inside[top : top + picture.height, left : left + picture.width] = True
        visible = {r.label: r.mask & inside for r in values["ALL"] if r.mask is not None}
        assert masks(in_root) == {name: mask.tolist() for name, mask in visible.items() if mask.any()}
        assert in_root.frame == values["ALL"].frame
        up = values[f"UP{depth}"]
        assert up.size == values[f"PART{depth - 1}"].size
        assert [each.label for each in up] == [each.label for each in found]


def masks(regions: Regions) -> dict[str, Any]:
    return {region.label: region.mask.tolist() for region in regions if region.mask is not None}


LEFT, RIGHT = drawn([(2, 2, 9, 9), (15, 4, 20, 12)], 10), drawn([(1, 1, 5, 5)], 200)


def run_of(program: str, **inputs: Image) -> Run:
    return session().execute(program, inputs or {"LEFT": LEFT, "RIGHT": RIGHT})


PAIR = "BOXES=Squares([LEFT, RIGHT])\n"


@pytest.mark.parametrize(
    "call",
    [
        "Place(image=[RIGHT, LEFT], object=BOXES)",
        "Relate(object=BOXES, relation='near', to=[OTHER, OTHER])",
        "Both(object=BOXES, other=[OTHER, OTHER])",
        "Crop(image=[RIGHT, RIGHT], object=BOXES)",
    ],
)
def test_regions_of_another_picture_are_an_error(call: str) -> None:
    run = run_of(f"{PAIR}OTHER=Squares(RIGHT)\nRESULT={call}")
    assert run.error is not None
    assert "element 1 of 2: the regions of `" in run.error.message
    assert "lie in another picture than" in run.error.message


def test_the_same_picture_given_twice_is_one_picture() -> None:
    program = "BOXES=Squares([LEFT, RIGHT])\nRESULT=Place(image=[RIGHT, LEFT], object=BOXES)"
    run = session().execute(program, {"LEFT": LEFT, "RIGHT": Image(LEFT.pixels)})
    assert run.result == run.variables["BOXES"]


@pytest.mark.parametrize(
    "program",
    [
        "A=Negative(LEFT)\nB=Squares(A)\nRESULT=Place(RIGHT, B)",
        "B=Squares(LEFT)\nA=Negative(LEFT)\nRESULT=Place(A, B)",
        "B=Squares(LEFT)\nA=Negative(LEFT)\nC=Crop(A, B)\nD=Squares(C)\nRESULT=Place(RIGHT, D)",
    ],
)
def test_a_picture_with_an_unknown_frame_is_never_an_error(program: str) -> None:
    run = run_of(program)
    assert run.ok
    assert run.warnings == () or run.result.empty


def test_an_edited_picture_has_the_frame_of_the_original() -> None:
    run = run_of(
        "B=Squares(LEFT)\nP=Pick(B, 'right')\nC=Crop(LEFT, P)\nD=Squares(C)\nE=Blur(LEFT, D)\n"
        "F=Replace(E, B, 'grass')\nG=Crop(F, D)\nRESULT=Place(G, B)"
    )
    assert run.ok
    assert run.variables["F"].frame == LEFT.as_root().frame
    assert not run.result.empty
    assert run.result.frame.root == LEFT.digest


def test_regions_outside_of_a_crop_are_left_out_with_a_warning() -> None:
    run = run_of(
        "B=Squares(LEFT)\nP=Pick(B, 'left')\nQ=Pick(B, 'right')\nC=Crop(LEFT, P)\nRESULT=Place(C, Q)"
    )
    assert run.result.empty
    assert run.warnings == (
        "RESULT: no region of `object` lies inside this part of the picture",
        "RESULT: found nothing",
    )


def test_a_result_that_is_given_as_an_input_is_a_root_of_its_own() -> None:
    first = run_of("B=Squares(LEFT)\nP=Pick(B, 'right')\nRESULT=Crop(LEFT, P)")
    part_of_left = first.result
    assert part_of_left.frame.root == LEFT.digest
    run = session().execute("RESULT=Squares(IMAGE)", {"IMAGE": part_of_left})
    assert run.result.frame == Frame(part_of_left.digest, 0, 0, part_of_left.size)
    both = session().execute(
        "B=Squares(IMAGE)\nRESULT=Place([IMAGE, OTHER], [B, B])", {"IMAGE": part_of_left, "OTHER": LEFT}
    )
    assert both.error is not None
    assert "element 2 of 2: the regions of `object` lie in another picture" in both.error.message


@pytest.mark.parametrize("call", ["Both(D, B)", "Both(B, D)", "Relate(D, 'inside', E)", "Without(B, F)"])
def test_regions_of_different_parts_are_compared_in_the_root(call: str) -> None:
    """The square on the right is found in the whole picture, in a crop, and in a crop of this crop."""
    run = run_of(
        "B=Squares(LEFT)\nP=Pick(B, 'right')\nC=Crop(LEFT, P)\nD=Squares(C)\nG=Crop(C, D)\nF=Squares(G)\n"
        f"E=Region(LEFT, box=[14, 3, 21, 13])\nRESULT={call}"
    )
    found = masks(run.variables["B"])
    expected = {"Both": {*found}, "Relate": {"square 2"}, "Without": {"square 1"}}[call.partition("(")[0]]
    assert masks(run.result) == {name: found[name] for name in expected}
    assert run.result.size == LEFT.size
    assert run.result.frame == LEFT.as_root().frame
