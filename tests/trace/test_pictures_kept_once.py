"""The number of pictures and outlines that are encoded for a page."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from visprog import Image, Region, Regions, VisProg
from visprog.models.fake import FakeDetector
from visprog.trace import figures, plates
from visprog.trace.figures import Album
from visprog.trace.html import render_html
from visprog.trace.run import Run

CROPS = """\
OBJ0=Loc(image=IMAGE, object='cup')
IMAGE0=CropLeft(image=IMAGE, object=OBJ0)
OBJ1=Loc(image=IMAGE0, object='cup')
IMAGE1=Crop(image=IMAGE0, object=OBJ1)
RESULT=IMAGE1"""


@pytest.fixture
def encoded(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The thumbnails and outlines made since the test started."""
    made: list[str] = []

    def counted(module: ModuleType, name: str) -> Callable[..., Any]:
        function = getattr(module, name)

        def call(*given: Any) -> Any:
            made.append(name)
            return function(*given)

        return call

    for module, name in ((plates, "thumbnail"), (figures, "outline")):
        monkeypatch.setattr(module, name, counted(module, name))
    return made


def _run(image: Image) -> Run:
    detector = FakeDetector(lambda image, label: [(image.width // 4, 0, image.width, image.height)])
    return VisProg(models={"detector": detector}).execute(CROPS, image)


def test_a_run_encodes_nothing_before_its_page_is_made(
    encoded: list[str], photo: Callable[..., Image]
) -> None:
    run = _run(photo(640, 480))
    run.to_json()
    repr(run)
    assert encoded == []
    render_html(run)
    assert encoded == ["thumbnail"]


def test_crops_are_drawn_as_parts_of_their_picture(encoded: list[str], photo: Callable[..., Image]) -> None:
    source = render_html(_run(photo(400, 300)))
    assert encoded == ["thumbnail"]
    assert source.count("data:image/") == 1
    assert source.count('<svg id="picture-') == 2


def test_a_crop_that_would_look_coarse_is_encoded_separately(
    encoded: list[str], photo: Callable[..., Image]
) -> None:
    album, large = Album(), photo(2000, 1500)
    for picture in (large, large.crop((0, 0, 1800, 1500)), large.crop((0, 0, 500, 500))):
        album.figure(picture, "")
    assert encoded == ["thumbnail"] * 2


def test_equal_pictures_are_encoded_once(encoded: list[str], photo: Callable[..., Image]) -> None:
    album = Album()
    found = [album.figure(photo(64, 48, seed), "") for seed in (1, 2, 1)]
    assert len({figure.picture for figure in found if figure is not None}) == len(encoded) == 2


def test_a_crop_without_its_picture_on_the_page_is_encoded(photo: Callable[..., Image]) -> None:
    album = Album()
    album.figure(photo().crop((0, 0, 50, 50)), "")
    assert album.elements.count("data:image/") == 1


def test_a_mask_is_outlined_once_however_often_it_is_shown(
    encoded: list[str], photo: Callable[..., Image]
) -> None:
    album, image = Album(), photo(64, 48)
    regions = Regions([Region((0, 0, 9, 9), mask=np.ones((48, 64), np.bool_))], size=image.size)
    for _ in range(3):
        album.figure(image, "", regions)
    assert encoded.count("outline") == 1
