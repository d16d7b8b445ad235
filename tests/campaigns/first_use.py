"""Uses a backend for the first time in many threads at the same time; `imports.py` runs this program.

    python -m tests.campaigns.first_use BACKEND FOLDER

Prints each different failure once, and exits with 1 if there are any. Before the threads start, no external
library but numpy and Pillow is imported.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from threading import Barrier, Thread
from typing import Any

import numpy as np

from visprog import Image, Region, Regions
from visprog.errors import ModelError, ModelFailed, ModelUnavailable

THREADS = 16
_TIMEOUT = 240.0


def _picture() -> Image:
    return Image(np.random.default_rng(1).integers(0, 256, (60, 80, 3), dtype=np.uint8))


def use_opencv(number: int, folder: Path) -> None:
    """Load the face detector, or make a thumbnail or an outline for a trace."""
    from visprog.models.backends.opencv.haar import haar
    from visprog.trace.thumbnails import outline, thumbnail

    if number % 3 == 0:
        haar().detect_faces(_picture())
    elif number % 3 == 1:
        thumbnail(Image(np.zeros((900, 900, 3), np.uint8)))
    else:
        outline(np.eye(40, dtype=np.bool_), 20, 20)


def use_openai(number: int, folder: Path) -> None:
    """Call a server that does not exist. Only the connection may fail."""
    from visprog.models.backends.openai.service import Service

    service = Service(base_url="http://127.0.0.1:9/v1", retries=0, deadline=_TIMEOUT)
    call = (service.complete, service.edit_image, service.transcribe)[number % 3]
    fields = (
        {"messages": [{"role": "user", "content": "?"}]},
        {"image": ("a.png", b"x"), "prompt": "?"},
        {"file": ("a.wav", b"x")},
    )[number % 3]
    try:
        call({"model": "m", **fields})
    except ModelFailed as error:
        if "connection to" not in error.message:
            raise


def use_soundfile(number: int, folder: Path) -> None:
    """Read a FLAC recording."""
    from visprog.audio import load_audio

    assert len(load_audio(folder / "sound.flac")) == 1_600


def use_heic(number: int, folder: Path) -> None:
    """Read a HEIC picture."""
    from visprog import load_image

    assert load_image(folder / "picture.heic").size == (80, 60)


def use_ray(number: int, folder: Path) -> None:
    """Choose Ray as the engine, which pickles a function."""
    from visprog.batch.cluster import choose_engine

    assert choose_engine("ray", lambda: None, None, None) is not None  # type: ignore[arg-type, return-value]


def use_hub(number: int, folder: Path) -> None:
    """Look for a checkpoint, or download one although the environment forbids the network."""
    from visprog.models.checkpoints import is_here
    from visprog.models.hub import fetch

    if number % 2:
        assert not is_here("nobody/nothing")
        return
    try:
        fetch("nobody/nothing")
    except ModelUnavailable as error:
        if "HF_HUB_OFFLINE" not in error.message:
            raise


def use_transformers(number: int, folder: Path) -> None:
    """Load one of the checkpoints that are installed with VisProg, and call it."""
    from visprog.models.backends.transformers import load

    image = _picture()
    regions = Regions([Region((5, 5, 40, 40))], size=image.size)
    calls: list[tuple[str, str, Callable[[Any], object]]] = [
        ("owlvit", "detector", lambda model: model.detect(image, ["ball"])),
        ("maskformer", "segmenter", lambda model: model.segment(image)),
        ("clip", "image_text_scorer", lambda model: model.score([image], ["ball"])),
        ("vilt", "visual_qa", lambda model: model.answer(image, "what?")),
        ("sam", "masker", lambda model: model.mask(image, regions)),
        ("blip", "captioner", lambda model: model.caption(image)),
    ]
    name, role, call = calls[number % len(calls)]
    call(load(role, f"visprog-mini/{name}", {}))


def use_diffusers(number: int, folder: Path) -> None:
    """Load the inpainter that is installed with VisProg, and paint in one step."""
    from visprog.models.backends.diffusers.inpainter import load

    model = load("inpainter", "visprog-mini/inpainting", {"steps": 1})
    if number == 0:
        model.inpaint(_picture(), np.eye(60, 80, dtype=np.bool_), "ball")


def use_segment_anything(number: int, folder: Path) -> None:
    """Load a tiny checkpoint."""
    from visprog.models.backends.segment_anything.sam import load

    load("masker", str(folder / "sam.pth"), {})


def use_open_clip(number: int, folder: Path) -> None:
    """Load a tiny checkpoint and call it."""
    from visprog.models.backends.open_clip.clip import load

    load("captioner", str(folder / "coca"), {}).score([_picture()], ["ball"])


BACKENDS: dict[str, Callable[[int, Path], None]] = {
    "opencv": use_opencv,
    "openai": use_openai,
    "soundfile": use_soundfile,
    "heic": use_heic,
    "ray": use_ray,
    "hub": use_hub,
    "transformers": use_transformers,
    "diffusers": use_diffusers,
    "segment_anything": use_segment_anything,
    "open_clip": use_open_clip,
}
"""The function that each thread calls, with its number and the folder of files."""


def use_any(number: int, folder: Path) -> None:
    """Use a different backend in each thread."""
    list(BACKENDS.values())[number % len(BACKENDS)](number, folder)


def failures(backend: str, folder: Path, threads: int = THREADS) -> Counter[str]:
    """Use a backend in all threads at the same time. Return the exceptions and their counts."""
    use = use_any if backend == "mixed" else BACKENDS[backend]
    ready, found = Barrier(threads), Counter[str]()

    def work(number: int) -> None:
        ready.wait()
        try:
            use(number, folder)
        except Exception as error:
            message = error.message if isinstance(error, ModelError) else str(error)
            found[f"{type(error).__name__}: {message[:200]}"] += 1

    workers = [Thread(target=work, args=(number,), daemon=True) for number in range(threads)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(_TIMEOUT)
        if worker.is_alive():
            found["a thread does not finish"] += 1
            break
    return found


def main() -> int:
    """Use the backend that is named on the command line."""
    sys.setswitchinterval(1e-4)  # threads are switched at more places
    found = failures(sys.argv[1], Path(sys.argv[2]))
    for failure, count in found.items():
        sys.stdout.write(f"{count} of {THREADS} threads: {failure}\n")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
