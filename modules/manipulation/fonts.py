"""Fonts: finds an installed font for each character.

Noto Sans comes first, with its relatives for other scripts, all in the package augly; then Noto Sans CJK, if
the extra `cjk` is installed; then the fonts of the system. Without augly, Pillow's own font writes ASCII.
"""

from __future__ import annotations

import importlib.util
import itertools
import sys
import unicodedata
from collections.abc import Iterator
from functools import cache, lru_cache
from pathlib import Path
from typing import TypeAlias

from PIL import ImageFont

Face: TypeAlias = Path | None
"""A font's file; None for Pillow's own font."""

_CJK_PACKAGE = "noto_cjk_sans_jp_regular"
_CJK = ("CJK", "HIRAGANA", "KATAKANA", "HANGUL", "BOPOMOFO", "FULLWIDTH", "HALFWIDTH", "IDEOGRAPHIC")
"""How the names of Chinese, Japanese and Korean characters begin."""

_CJK_NAMES = (
    "cjk",
    "sourcehan",
    "pingfang",
    "hiragino",
    "yahei",
    "meiryo",
    "malgun",
    "gothic",
    "wqy",
    "droid",
)
"""Parts of the names of fonts for these, which are tried before the others."""

_PROBE = 24
_ENDINGS = {".ttf", ".otf", ".ttc", ".otc"}
_MOST_FILES = 5_000


@lru_cache(maxsize=4_096)
def face_for(char: str) -> tuple[Face] | None:
    """Return the first font that has a character; None if no font has it."""
    return next(((face,) for face in _candidates(char) if covers(face, char)), None)


@lru_cache(maxsize=20_000)
def covers(face: Face, char: str) -> bool:
    """Return whether a font has a character; characters that leave no ink count as had."""
    if char.isspace() or unicodedata.category(char) in ("Cf", "Cc") or "\ufe00" <= char <= "\ufe0f":
        return True
    if face is None:
        return char.isascii()
    return (drawn := _drawn(face, char)) is not None and drawn != _drawn(face, "\U0010fffe")


@lru_cache(maxsize=64)
def font(face: Face, size: float) -> ImageFont.FreeTypeFont:
    """Return a font at a size in pixels. Raises OSError for a file that is no font."""
    if face is not None:
        return ImageFont.truetype(face, size)
    own = ImageFont.load_default(size)
    assert isinstance(own, ImageFont.FreeTypeFont), "Pillow is built with FreeType"  # noqa: S101
    return own


def advice(missing: str) -> str:
    """Say what to install to write the characters that are missing."""
    if any(_name(char).startswith(_CJK) for char in missing):
        return "`pip install 'visprog[cjk]'` adds a font for Chinese, Japanese and Korean"
    return "install a font that has them, such as one of Noto (fonts.google.com/noto)"


def main_face() -> Face:
    """Return the font of most text."""
    return _noto().get("NotoSans")


def _drawn(face: Path, char: str) -> tuple[object, ...] | None:
    probe = _probe(face)
    if probe is None:
        return None
    mask = probe.getmask(char)
    return mask.size, bytes(mask), probe.getlength(char)


@cache
def _probe(face: Path) -> ImageFont.FreeTypeFont | None:
    """Return a font that substitutes and composes nothing; None for a file that is no font."""
    try:
        return ImageFont.truetype(face, _PROBE, layout_engine=ImageFont.Layout.BASIC)
    except (OSError, ValueError):
        return None


def _candidates(char: str) -> Iterator[Face]:
    """Yield the fonts to try for a character, likely ones first."""
    noto = _noto()
    yield main_face()
    words = _name(char).title().split()
    likely = ["".join(words[:count]) for count in (1, 2, 3)] + ["Symbols", "Symbols2"]
    yield from (noto[name] for part in likely if (name := f"NotoSans{part}") in noto)
    yield from _cjk_package()
    system = _system()
    if _name(char).startswith(_CJK):
        yield from (path for path in system if any(part in path.name.casefold() for part in _CJK_NAMES))
    yield from (path for name, path in noto.items() if name.startswith("NotoSans"))
    yield from (noto[name] for name in ("NotoEmoji",) if name in noto)
    yield from system


def _name(char: str) -> str:
    return unicodedata.name(char, "")


@cache
def _noto() -> dict[str, Path]:
    """Return the upright Noto fonts that augly carries, by name. Its code is not run."""
    folders = [folder / "assets" / "fonts" for folder in _package("augly")]
    found = sorted(path for folder in folders for path in folder.glob("Noto*-Regular.ttf"))
    return {path.stem.removesuffix("-Regular"): path for path in found}


@cache
def _cjk_package() -> tuple[Path, ...]:
    return tuple(path for folder in _package(_CJK_PACKAGE) for path in sorted(folder.glob("*.otf")))


def _package(name: str) -> list[Path]:
    package = importlib.util.find_spec(name)
    return [Path(folder) for folder in (package and package.submodule_search_locations) or ()]


@cache
def _system() -> tuple[Path, ...]:
    """Return the system's font files, upright ones of ordinary weight first."""
    found = (
        path
        for folder in _folders()
        for path in (sorted(folder.rglob("*")) if folder.is_dir() else ())
        if path.suffix.casefold() in _ENDINGS
    )
    plain = ("regular", "medium", "sans.", "book")
    return tuple(
        sorted(
            itertools.islice(found, _MOST_FILES),
            key=lambda path: not any(part in path.name.casefold() for part in plain),
        )
    )


def _folders() -> list[Path]:
    if sys.platform == "win32":
        return [Path("C:/Windows/Fonts"), Path.home() / "AppData/Local/Microsoft/Windows/Fonts"]
    if sys.platform == "darwin":
        return [Path.home() / "Library/Fonts", Path("/Library/Fonts"), Path("/System/Library/Fonts")]
    own = [Path.home() / ".fonts", Path.home() / ".local/share/fonts"]
    return [*own, Path("/usr/local/share/fonts"), Path("/usr/share/fonts")]
