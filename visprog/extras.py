"""The packages that VisProg can do without, as its installed metadata name them."""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, distribution, requires

_EXTRA = re.compile(r"""extra *== *["']([\w-]+)["']""")
_NAME = re.compile(r"[\w.-]+")


def requirements() -> Mapping[str, tuple[str, ...]]:
    """Return what each extra for users asks for: `{"ray": ("ray>=2.59",), ...}`.

    Nothing where VisProg is not installed, but runs from its sources.
    """
    found: dict[str, tuple[str, ...]] = {}
    try:
        written = requires("visprog") or []
    except PackageNotFoundError:
        return found
    for each in written:
        requirement, _, marker = each.partition(";")
        extra = _EXTRA.search(marker)
        if extra is not None and extra[1] != "dev":
            found[extra[1]] = (*found.get(extra[1], ()), requirement.strip())
    return found


def package(requirement: str) -> str:
    """Return the name of the package that a requirement asks for."""
    name = _NAME.match(requirement)
    return name[0] if name is not None else requirement


_EXTRA_OF = {
    "accelerate": "models",
    "diffusers": "models",
    "huggingface_hub": "models",
    "noto_cjk_sans_jp_regular": "cjk",
    "open_clip": "open-clip",
    "pillow_heif": "heic",
    "ray": "ray",
    "safetensors": "models",
    "scipy": "models",
    "segment_anything": "models",
    "soundfile": "models",
    "tokenizers": "models",
    "torch": "models",
    "torchvision": "models",
    "transformers": "models",
}
"""The extra that installs each optional package, by the name under which it is imported."""

_DISTRIBUTIONS = {"PIL": "pillow", "cv2": "opencv-python>=4.10,<5"}
"""What to install for packages that are imported under another name."""


def advice_for(missing: str, wanted: str) -> str:
    """Return the command that installs the package `missing`, which importing `wanted` asks for."""
    if missing in _EXTRA_OF:
        return install_extra(_EXTRA_OF[missing])
    if missing == wanted.partition(".")[0] or missing not in sys.stdlib_module_names:
        return install(_DISTRIBUTIONS.get(missing, missing))
    return "pip install --force-reinstall visprog"


def install_extra(extra: str) -> str:
    """Say how to install one of VisProg's extras, such as `models`."""
    try:
        distribution("visprog")
    except PackageNotFoundError:  # it runs from its sources
        return install(f".[{extra}]")
    return install(f"visprog[{extra}]")


def install(*requirements: str) -> str:
    """Say how to install packages, wherever VisProg itself was installed from."""
    return " ".join(["pip install", *(f"'{each}'" for each in requirements)])
