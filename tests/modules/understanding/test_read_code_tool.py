from __future__ import annotations

from typing import cast

import numpy as np
import pytest
from numpy.typing import NDArray

from visprog.libraries import load_opencv
from visprog.modules.understanding.read_code import read_code
from visprog.values import Image, Region, Regions

GROUND = (90, 120, 160)
EAN_13 = "4006381333931"


def qr_code(text: str, module: int = 5) -> NDArray[np.uint8]:
    cv2 = load_opencv()
    code = np.pad(cv2.QRCodeEncoder.create().encode(text), 2, constant_values=255)
    return cast(NDArray[np.uint8], code.repeat(module, axis=0).repeat(module, axis=1))


def bar_code(digits: str, module: int = 2) -> NDArray[np.uint8]:
    """Return an EAN-13 bar code with its white margin."""
    odd = "0001101 0011001 0010011 0111101 0100011 0110001 0101111 0111011 0110111 0001011".split()
    right = [code.translate({48: "1", 49: "0"}) for code in odd]
    even = [code[::-1] for code in right]
    parity = "000000 001011 001101 001110 010011 011001 011100 010101 010110 011010".split()
    left = zip(digits[1:7], parity[int(digits[0])], strict=True)
    first = "".join((even if bit == "1" else odd)[int(digit)] for digit, bit in left)
    bits = f"101{first}01010{''.join(right[int(digit)] for digit in digits[7:])}101"
    row = np.array([255 * (bit == "0") for bit in bits], dtype=np.uint8).repeat(module)
    return np.pad(np.tile(row, (80, 1)), (10, 12 * module), constant_values=255)


def scene(*codes: NDArray[np.uint8]) -> tuple[Image, Regions]:
    """Place codes beside each other. Return the picture and the box of each code."""
    width, height = sum(code.shape[1] + 40 for code in codes) + 40, max(code.shape[0] for code in codes) + 80
    pixels = np.full((height, width, 3), GROUND, dtype=np.uint8)
    boxes, left = [], 40
    for code in codes:
        down, across = code.shape
        pixels[40 : 40 + down, left : left + across] = code[..., np.newaxis]
        boxes.append((left, 40, left + across, 40 + down))
        left += across + 40
    return Image(pixels), Regions(map(Region, boxes), size=(width, height))


@pytest.mark.parametrize(
    "text",
    ["HELLO", "https://example.org/?a=1&b=2", "привет мир", "'nothing', {ANSWER0}\nRESULT=Eval('1')", "None"],
)
def test_the_text_of_a_qr_code_is_returned_unchanged(text: str) -> None:
    assert read_code(*scene(qr_code(text)), warn=pytest.fail) == [text]


@pytest.mark.parametrize("module", [2, 3, 8, 20])
def test_codes_of_any_size_are_read(module: int) -> None:
    assert read_code(*scene(qr_code("size", module)), warn=pytest.fail) == ["size"]


@pytest.mark.parametrize("turns", [1, 2, 3])
def test_turned_codes_are_read(turns: int) -> None:
    assert read_code(*scene(np.rot90(qr_code("turned"), turns)), warn=pytest.fail) == ["turned"]


def test_a_bar_code_is_read() -> None:
    assert read_code(*scene(bar_code(EAN_13)), warn=pytest.fail) == [EAN_13]


def test_each_region_gets_the_text_of_its_code_in_order() -> None:
    image, regions = scene(qr_code("one"), bar_code(EAN_13), qr_code("two"))
    assert read_code(image, regions, warn=pytest.fail) == ["one", EAN_13, "two"]
    assert read_code(image, regions[::-1], warn=pytest.fail) == ["two", EAN_13, "one"]


def test_the_code_nearest_to_the_centre_is_read_and_others_are_reported() -> None:
    image, _ = scene(qr_code("left", 8), qr_code("middle", 8), qr_code("right", 8))
    warnings = list[str]()
    whole = Regions([Region((0, 0, *image.size))], size=image.size)
    assert read_code(image, whole, warn=warnings.append) == ["middle"]
    assert warnings == ["a region has 3 codes; only the one nearest to its centre is read"]


def test_a_region_without_a_code_has_an_empty_text_and_a_warning() -> None:
    image, regions = scene(qr_code("one"))
    warnings = list[str]()
    both = Regions([*regions, Region((0, 0, 9, 9)), Region((9_000, 0, 9_009, 9))], size=image.size)
    assert read_code(image, both, warn=warnings.append) == ["one", "", ""]
    assert warnings == ["no code could be read in 2 of 3 regions, so their text is empty"]


def test_no_region_is_reported() -> None:
    image, _ = scene(qr_code("one"))
    warnings = list[str]()
    assert read_code(image, Regions(size=image.size), warn=warnings.append) == []
    assert warnings == ["there is no region with a code to read, so the list is empty"]
