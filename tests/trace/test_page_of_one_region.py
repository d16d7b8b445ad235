"""A single region is drawn over the picture that it is in, if its mask says how large this picture is."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from visprog.trace.html import render_html
from visprog.trace.run import Run
from visprog.values import Image, Region


def page_of(run_of: Callable[..., Run], image: Image, region: Region) -> str:
    page = render_html(run_of("A=Vqa(image=IMAGE, question='q')", {"IMAGE": image}, [region]))
    return page.partition('id="step-1"')[2]


def test_a_region_with_a_mask_is_drawn(run_of: Callable[..., Run], photo: Callable[..., Image]) -> None:
    image = photo(40, 30)
    mask = np.zeros((30, 40), dtype=np.bool_)
    mask[5:20, 5:20] = True
    page = page_of(run_of, image, Region((5, 5, 20, 20), "terrier", 0.9, mask))
    assert "terrier" in page
    assert 'class="tag"' in page


def test_a_region_without_a_mask_is_told_in_words(
    run_of: Callable[..., Run], photo: Callable[..., Image]
) -> None:
    page = page_of(run_of, photo(40, 30), Region((5, 5, 20, 20), "terrier", 0.9))
    assert "terrier 90%" in page
    assert 'class="tag"' not in page
