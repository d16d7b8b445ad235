"""Inpainting through an API: the square that is sent, and the way of what comes back into the picture."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image as PILImage

from tests.models.openai_server import Exchange, OpenAIServer, paints, status
from visprog.errors import ModelFailed
from visprog.values import Image

Serve = Callable[..., OpenAIServer]
GREEN = (20, 200, 40)


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")


@pytest.fixture
def serve() -> Iterator[Serve]:
    with ExitStack() as stack:
        yield lambda *replies: stack.enter_context(OpenAIServer(*replies))


def photo(width: int = 120, height: int = 80) -> Image:
    rows, columns = np.mgrid[:height, :width]
    return Image(np.stack([rows * 250 // height, columns * 250 // width, 0 * rows + 90], 2).astype(np.uint8))


def masked(image: Image, left: int, top: int, right: int, bottom: int) -> NDArray[np.bool_]:
    mask = np.zeros((image.height, image.width), dtype=np.bool_)
    mask[top:bottom, left:right] = True
    return mask


def opened(data: object) -> NDArray[np.uint8]:
    assert isinstance(data, bytes)
    return np.asarray(PILImage.open(io.BytesIO(data), formats=["PNG"]))


def plain(size: int = 128, color: tuple[int, int, int] = GREEN) -> Image:
    return Image(np.full((size, size, 3), color, dtype=np.uint8))


def test_the_request_is_a_form_with_picture_mask_prompt_and_size(serve: Serve) -> None:
    server, image = serve(paints(plain())), photo()
    server.inpainter(side=128, parameters={"quality": "low"}).inpaint(
        image, masked(image, 40, 20, 80, 60), "lush green grass"
    )
    (request,) = server.received
    assert request.path == "/v1/images/edits"
    assert request.headers["content-type"].startswith("multipart/form-data")
    assert request.body.keys() == {"model", "image", "mask", "prompt", "size", "quality"}
    assert (request.body["model"], request.body["size"], request.body["quality"]) == (
        "small",
        "128x128",
        "low",
    )
    assert "lush green grass" in request.body["prompt"]
    assert opened(request.body["image"]).shape == (128, 128, 3)
    assert opened(request.body["mask"]).shape == (128, 128, 4)


@pytest.mark.parametrize("size", [(120, 80), (80, 120), (1, 1), (3, 200), (200, 3), (1500, 900)])
def test_only_the_mask_changes_and_all_of_it(size: tuple[int, int], serve: Serve) -> None:
    image = photo(*size)
    mask = masked(image, size[0] // 3, size[1] // 3, size[0] // 3 + 1 + size[0] // 4, size[1] // 3 + 1)
    painted = serve(paints(plain())).inpainter(side=128).inpaint(image, mask, "grass")
    assert painted.size == image.size
    np.testing.assert_array_equal(painted.pixels[~mask], image.pixels[~mask])
    assert mask.any()
    assert (painted.pixels[mask] == GREEN).all()


def paint_the_mask(exchange: Exchange) -> None:
    """Paint white where the mask is transparent, black elsewhere: only the exact place comes out white."""
    hole = opened(exchange.request.body["mask"])[:, :, 3] == 0
    paints(Image(np.where(hole, np.uint8(255), np.uint8(0))[:, :, None].repeat(3, axis=2)))(exchange)


@pytest.mark.parametrize("size", [(160, 100), (100, 160)])
@pytest.mark.parametrize("place", [(0, 0, 30, 20), (60, 40, 90, 90), (70, 80, 100, 100)])
def test_the_mask_that_is_sent_is_where_the_paint_goes(
    size: tuple[int, int], place: tuple[int, int, int, int], serve: Serve
) -> None:
    image = photo(*size)
    mask = masked(image, *place)
    painted = serve(paint_the_mask).inpainter(side=256).inpaint(image, mask, "snow")
    assert painted.pixels[mask].min() > 200


def give_back(exchange: Exchange) -> None:
    """Return the picture as it came."""
    paints(Image(opened(exchange.request.body["image"])))(exchange)


@pytest.mark.parametrize("size", [(160, 100), (100, 160), (64, 64)])
def test_a_picture_that_comes_back_unchanged_leaves_the_picture_nearly_so(
    size: tuple[int, int], serve: Serve
) -> None:
    image = photo(*size)
    mask = masked(image, 20, 30, 60, 55)
    painted = serve(give_back).inpainter(side=256).inpaint(image, mask, "the same")
    assert np.abs(painted.pixels.astype(int) - image.pixels).max() <= 3


def test_a_picture_of_another_size_is_scaled(serve: Serve) -> None:
    image = photo()
    mask = masked(image, 10, 10, 50, 50)
    painted = serve(paints(plain(512))).inpainter(side=128).inpaint(image, mask, "grass")
    assert (painted.pixels[mask] == GREEN).all()


def test_a_picture_of_another_shape_is_refused(serve: Serve) -> None:
    image = photo()
    oblong = Image(np.zeros((100, 150, 3), dtype=np.uint8))
    with pytest.raises(ModelFailed, match="returned a picture of 150x100 instead of a square"):
        serve(paints(oblong)).inpainter().inpaint(image, masked(image, 1, 1, 9, 9), "grass")


@pytest.mark.parametrize("prompt", ["", " ", "nothing", "Nothing.", "the background", "remove the dog"])
def test_nothing_as_a_prompt_removes_what_is_there(prompt: str, serve: Serve) -> None:
    server, image = serve(paints(plain())), photo()
    server.inpainter(side=128).inpaint(image, masked(image, 1, 1, 9, 9), prompt)
    assert server.received[0].body["prompt"].startswith("Remove what is in the masked area")


def test_an_empty_mask_asks_for_nothing(serve: Serve) -> None:
    server, image = serve(paints(plain())), photo()
    assert server.inpainter().inpaint(image, masked(image, 0, 0, 0, 0), "grass") == image
    assert server.received == []


def test_of_a_large_picture_only_the_surroundings_of_the_mask_are_sent(serve: Serve) -> None:
    server, image = serve(paints(plain())), photo(4000, 3000)
    server.inpainter(side=128).inpaint(image, masked(image, 3000, 2000, 3040, 2040), "grass")
    sent = opened(server.received[0].body["image"])
    assert np.abs(sent[64, 64, :2].astype(int) - (2020 * 250 // 3000, 3020 * 250 // 4000)).max() <= 3


@pytest.mark.parametrize(
    ("reply", "message"),
    [
        (status(200, {"data": [{"url": "https://host/picture.png"}]}), "answered without a picture"),
        (status(200, {"data": []}), "answered without a picture"),
        (status(200, {"data": ["x"]}), "answered without a picture"),
        (status(200, []), "answered without a picture"),
        (status(200, {"error": {"message": "busy"}}), "failed: busy"),
        (status(200, {"data": [{"b64_json": "!!"}]}), "not valid Base64"),
        (paints(b"GIF of sorts"), "returned a picture that cannot be read"),
    ],
)
def test_an_answer_without_a_picture_is_an_error(
    reply: Callable[[Exchange], None], message: str, serve: Serve
) -> None:
    image = photo()
    with pytest.raises(ModelFailed, match=message):
        serve(reply).inpainter(deadline=0.6).inpaint(image, masked(image, 1, 1, 9, 9), "grass")
