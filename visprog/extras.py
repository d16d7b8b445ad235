"""The optional packages: which extra installs each, and what to tell people who lack one."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from importlib.metadata import PackageNotFoundError, distribution, version
from importlib.util import find_spec
from pathlib import Path

EXTRAS: Mapping[str, tuple[str, ...]] = {
    "models": (
        "torch",
        "torchvision",
        "transformers",
        "diffusers",
        "accelerate",
        "safetensors",
        "segment_anything",
        "soundfile",
        "scipy",
    ),
    "open-clip": ("open_clip",),
    "heic": ("pillow_heif",),
    "ray": ("ray",),
    "cjk": ("noto_cjk_sans_jp_regular",),
}
"""The packages of each extra, by the names under which they are imported."""

_DEPENDENCIES = {"huggingface_hub": "models", "tokenizers": "models"}
"""Packages that VisProg imports and that come with an extra as dependencies of its packages."""

_DISTRIBUTIONS = {
    "PIL": "pillow",
    "cv2": "opencv-python>=4.10,<5",
    "google": "protobuf",
    "open_clip": "open-clip-torch",
}
"""The requirements of packages that are imported under another name."""


def extra_of(module: str) -> str | None:
    """Return the extra that installs the package of a module; None if no extra does."""
    package = module.partition(".")[0]
    found = (extra for extra, packages in EXTRAS.items() if package in packages)
    return next(found, None) or _DEPENDENCIES.get(package)


def is_installed(package: str) -> bool:
    """Return whether a package is installed. It is not imported."""
    try:
        return find_spec(package) is not None
    except (ImportError, ValueError):
        return False


def missing_packages(extra: str) -> list[str]:
    """Return the packages of an extra that are not installed."""
    dependencies = [package for package, other in _DEPENDENCIES.items() if other == extra]
    return [package for package in (*EXTRAS[extra], *dependencies) if not is_installed(package)]


def missing_extra(packages: Collection[str]) -> str | None:
    """Return the extra of a backend's packages if one of them is missing; None if all are installed.

    It is the extra of the last package, because backends list their main package last.
    """
    extras = [extra_of(package) for package in packages]
    return extras[-1] if not all(map(is_installed, packages)) else None


def version_of(package: str) -> str:
    """Return the version of an installed package; an empty text if it has no metadata."""
    try:
        return version(_DISTRIBUTIONS.get(package, package))
    except PackageNotFoundError:
        return ""


def advice_for(missing: str, imported: str) -> str:
    """Return the command that installs the package `missing`, which the module `imported` needs."""
    extra = extra_of(missing) or extra_of(imported)
    return install_extra(extra) if extra else install(_DISTRIBUTIONS.get(missing, missing))


def install_extra(extra: str) -> str:
    """Return the command that installs one of VisProg's extras, such as `models`."""
    return install(f".[{extra}]" if runs_from_sources() else f"visprog[{extra}]")


def reinstall(package: str) -> str:
    """Return the command that reinstalls a package, given by the name under which it is imported."""
    return f"pip install --force-reinstall '{_DISTRIBUTIONS.get(package, package)}'"


def runs_from_sources() -> bool:
    """Return whether VisProg runs from its source folder and is not installed."""
    try:
        distribution("visprog")
    except PackageNotFoundError:
        return (Path(__file__).parents[1] / "pyproject.toml").is_file()
    return False


def install(*requirements: str) -> str:
    """Return the command that installs packages."""
    return " ".join(["pip install", *(f"'{each}'" for each in requirements)])
