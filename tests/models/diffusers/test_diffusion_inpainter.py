"""The inpainter paints as the library's pipelines do on the same tiny checkpoints."""

from __future__ import annotations

import shutil
import threading
import warnings
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image as PILImage

from visprog.errors import ModelFailed, ModelUnavailable, UsageError
from visprog.models.backends.diffusers import BACKEND
from visprog.models.backends.diffusers.inpainter import DiffusionInpainter
from visprog.models.inpainting import excerpt, paste
from visprog.models.progress import listening
from visprog.models.zoo import Zoo
from visprog.values import Image

pytest.importorskip("diffusers")
with warnings.catch_warnings():
    # Importing the library's automatic pipelines warns that torch.jit.script, which it uses, is deprecated.
    warnings.simplefilter("ignore", FutureWarning)
    from diffusers import AutoPipelineForInpainting

import torch

from tests.models.diffusers.tiny_pipelines import (
    stable_diffusion,
    stable_diffusion_3,
    stable_diffusion_xl,
)

load: Callable[..., Any] = BACKEND.load

pytestmark = pytest.mark.filterwarnings(
    # Euler's scheduler in the library passes a tensor to numpy by the interface of numpy 1.
    "ignore:__array__ implementation doesn't accept a copy keyword:DeprecationWarning"
)

BUILDERS: dict[str, Callable[[Path], Path]] = {
    "inpainting": stable_diffusion,
    "text-to-image": lambda folder: stable_diffusion(folder, "text-to-image"),
    "xl": stable_diffusion_xl,
    "3": stable_diffusion_3,
}
OPTIONS = {"steps": 3, "guidance": 5.0, "seed": 7, "negative_prompt": "blurred"}

Mask = NDArray[np.bool_]


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    root = tmp_path_factory.mktemp("diffusers")
    return {kind: build(root / kind) for kind, build in BUILDERS.items()}


@pytest.fixture(scope="module")
def painter(folders: dict[str, Path]) -> DiffusionInpainter:
    loaded: DiffusionInpainter = load("inpainter", str(folders["inpainting"]), OPTIONS)
    return loaded


def noise(width: int, height: int) -> Image:
    return Image(np.random.default_rng(width).integers(0, 256, (height, width, 3), dtype=np.uint8))


def boxed(image: Image, box: tuple[int, int, int, int]) -> Mask:
    left, top, right, bottom = box
    mask = np.zeros(image.pixels.shape[:2], dtype=np.bool_)
    mask[top:bottom, left:right] = True
    return mask


def reference(folder: Path, image: Image, mask: Mask, prompt: str, **more: Any) -> Image:
    """Return the painting of the library's pipeline, called as in its documentation."""
    pipeline = AutoPipelineForInpainting.from_pretrained(
        folder, local_files_only=True, safety_checker=None, requires_safety_checker=False,
        text_encoder_3=None, tokenizer_3=None, image_encoder=None, feature_extractor=None,
    )  # fmt: skip
    pipeline.set_progress_bar_config(disable=True)
    arguments = {
        "num_inference_steps": 3, "guidance_scale": 5.0, "negative_prompt": "blurred",
        "width": image.width, "height": image.height, **more,
    }  # fmt: skip
    painted = pipeline(
        prompt=prompt,
        image=image.to_pil(),
        mask_image=PILImage.fromarray(mask.astype(np.uint8) * 255),
        generator=torch.Generator("cpu").manual_seed(7),
        **arguments,
    )
    return Image.from_pil(painted.images[0])


@pytest.mark.parametrize("kind", BUILDERS)
def test_it_paints_what_the_librarys_pipeline_paints(folders: dict[str, Path], kind: str) -> None:
    image = noise(64, 64)
    mask = boxed(image, (16, 16, 48, 56))
    strength = {"strength": 1.0} if kind == "3" else {}
    expected = reference(folders[kind], image, mask, "green grass", **strength)
    found = load("inpainter", str(folders[kind]), OPTIONS).inpaint(image, mask, "green grass")
    assert np.array_equal(expected.pixels[mask], found.pixels[mask])
    assert np.array_equal(image.pixels[~mask], found.pixels[~mask])


@pytest.mark.parametrize(
    ("size", "box"),
    [
        ((300, 120), (100, 40, 160, 80)),
        ((90, 400), (20, 300, 60, 399)),
        ((200, 3), (20, 1, 60, 3)),
        ((3, 200), (0, 0, 3, 200)),
        ((1, 1), (0, 0, 1, 1)),
        ((5000, 3000), (2000, 1000, 2100, 1300)),
    ],
)
def test_pictures_of_every_shape_are_painted_like_their_excerpt(
    folders: dict[str, Path],
    painter: DiffusionInpainter,
    size: tuple[int, int],
    box: tuple[int, int, int, int],
) -> None:
    image = noise(*size)
    mask = boxed(image, box)
    part = excerpt(image, mask, side=64, grid=2)
    assert part is not None
    painted = reference(folders["inpainting"], part.image, part.mask, "a boat")
    found = painter.inpaint(image, mask, "a boat")
    assert paste(image, mask, part, painted) == found
    assert np.array_equal(image.pixels[~mask], found.pixels[~mask])
    assert not np.array_equal(image.pixels[mask], found.pixels[mask])


def test_a_whole_picture_can_be_repainted(painter: DiffusionInpainter) -> None:
    image = noise(150, 100)
    found = painter.inpaint(image, np.ones((100, 150), dtype=np.bool_), "the sea")
    assert found.size == image.size
    assert (found.pixels != image.pixels).any(axis=-1).mean() > 0.9


def test_removal_is_painted_without_a_prompt(folders: dict[str, Path], painter: DiffusionInpainter) -> None:
    image = noise(64, 64)
    mask = boxed(image, (16, 16, 48, 56))
    expected = reference(folders["inpainting"], image, mask, "")
    for prompt in ("nothing", "Remove the dog."):
        assert np.array_equal(expected.pixels[mask], painter.inpaint(image, mask, prompt).pixels[mask])
    assert not np.array_equal(expected.pixels[mask], painter.inpaint(image, mask, "a dog").pixels[mask])


def test_an_empty_mask_changes_nothing_and_calls_no_pipeline(painter: DiffusionInpainter) -> None:
    image = noise(40, 30)
    seen: list[tuple[int, int]] = []
    with listening(lambda step, steps: seen.append((step, steps))):
        assert painter.inpaint(image, np.zeros((30, 40), dtype=np.bool_), "the sea") is image
    assert not seen


def test_another_seed_paints_another_picture(folders: dict[str, Path], painter: DiffusionInpainter) -> None:
    image = noise(64, 64)
    mask = boxed(image, (10, 10, 50, 50))
    first = painter.inpaint(image, mask, "a dog")
    assert first == painter.inpaint(image, mask, "a dog")
    other = load("inpainter", str(folders["inpainting"]), {**OPTIONS, "seed": 8})
    assert first != other.inpaint(image, mask, "a dog")
    assert first != painter.inpaint(image, mask, "a cat")


def test_each_step_is_reported(painter: DiffusionInpainter) -> None:
    image = noise(64, 64)
    seen: list[tuple[int, int]] = []
    with listening(lambda step, steps: seen.append((step, steps))):
        painter.inpaint(image, boxed(image, (10, 10, 50, 50)), "a dog")
    assert seen == [(1, 3), (2, 3), (3, 3)]


def test_threads_can_share_an_inpainter(painter: DiffusionInpainter) -> None:
    pictures = [noise(64, 40), noise(30, 70)] * 2
    masks = [boxed(picture, (5, 5, 25, 35)) for picture in pictures]
    alone = [painter.inpaint(picture, mask, "x") for picture, mask in zip(pictures, masks, strict=True)]
    barrier = threading.Barrier(4)

    def together(index: int) -> Image:
        barrier.wait()
        return painter.inpaint(pictures[index], masks[index], "x")

    with ThreadPoolExecutor(4) as pool:
        assert alone == list(pool.map(together, range(4)))


def test_nothing_is_printed(
    folders: dict[str, Path], capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    image = noise(64, 64)
    inpainter = load("inpainter", str(folders["text-to-image"]), OPTIONS)
    inpainter.inpaint(image, boxed(image, (10, 10, 50, 50)), "very " * 100 + "long")
    assert capfd.readouterr() == ("", "")
    assert not caplog.records


def test_a_profile_can_set_its_options(folders: dict[str, Path]) -> None:
    zoo = Zoo(models={"inpainter": {"model": f"diffusers:{folders['xl']}", **OPTIONS, "side": 32}})
    inpainter = zoo.get("inpainter")
    assert isinstance(inpainter, DiffusionInpainter)
    image = noise(64, 64)
    mask = boxed(image, (16, 16, 48, 48))
    part = excerpt(image, mask, side=32, grid=2)
    assert part is not None
    painted = reference(folders["xl"], part.image, part.mask, "grass")
    assert paste(image, mask, part, painted) == inpainter.inpaint(image, mask, "grass")
    assert inpainter.fingerprint == zoo.fingerprint("inpainter")


def test_its_size_includes_every_part(folders: dict[str, Path], painter: DiffusionInpainter) -> None:
    files = folders["inpainting"].rglob("*.safetensors")
    on_disk = sum(file.stat().st_size for file in files)
    assert 0.8 * on_disk < painter.nbytes <= on_disk


def test_half_precision_files_are_used_if_there_are_no_others(
    folders: dict[str, Path], tmp_path: Path
) -> None:
    folder = tmp_path / "half"
    shutil.copytree(folders["inpainting"], folder)
    for file in folder.rglob("*.safetensors"):
        file.rename(file.with_suffix(".fp16.safetensors"))
    image = noise(64, 64)
    mask = boxed(image, (16, 16, 48, 56))
    expected = load("inpainter", str(folders["inpainting"]), OPTIONS).inpaint(image, mask, "grass")
    assert load("inpainter", str(folder), OPTIONS).inpaint(image, mask, "grass") == expected


def test_a_painting_that_the_safety_checker_withholds_is_an_error(folders: dict[str, Path]) -> None:
    inpainter = load("inpainter", str(folders["inpainting"]), OPTIONS)
    pipeline = inpainter.pipeline
    pipeline.run_safety_checker = lambda images, device, dtype: (images * 0, [True])
    image = noise(64, 64)
    with pytest.raises(ModelFailed, match="safety checker") as caught:
        inpainter.inpaint(image, boxed(image, (16, 16, 48, 56)), "grass")
    assert "seed" in str(caught.value.help)


@pytest.mark.parametrize(
    "options",
    [
        {"stepz": 3}, {"steps": 0}, {"steps": 2.5}, {"seed": -1}, {"seed": True}, {"strength": 0},
        {"strength": 2}, {"guidance": "7"}, {"negative_prompt": 3}, {"side": 0},
    ],
)  # fmt: skip
def test_wrong_options_are_rejected(folders: dict[str, Path], options: dict[str, Any]) -> None:
    with pytest.raises(UsageError):
        load("inpainter", str(folders["inpainting"]), options)


def test_another_role_is_rejected(folders: dict[str, Path]) -> None:
    with pytest.raises(ModelUnavailable, match="does not fill the role detector"):
        load("detector", str(folders["inpainting"]), {})


def test_a_damaged_checkpoint_is_reported(folders: dict[str, Path], tmp_path: Path) -> None:
    folder = tmp_path / "damaged"
    shutil.copytree(folders["inpainting"], folder)
    shutil.rmtree(folder / "unet")
    with pytest.raises(ModelUnavailable, match="cannot be loaded"):
        load("inpainter", str(folder), {})
    (folder / "model_index.json").unlink()
    with pytest.raises(ModelUnavailable, match="cannot be loaded"):
        load("inpainter", str(folder), {})


def test_pickled_weights_are_not_read(folders: dict[str, Path], tmp_path: Path) -> None:
    folder = tmp_path / "pickled"
    shutil.copytree(folders["inpainting"], folder)
    for file in (folder / "unet").glob("*.safetensors"):
        torch.save({}, file.with_suffix(".bin"))
        file.unlink()
    with pytest.raises(ModelUnavailable, match="cannot be loaded"):
        load("inpainter", str(folder), {})
