"""Fonts: finds an installed font for each character.

The order is: the Noto fonts in the package augly; Noto Sans CJK, if the extra `cjk` is installed; the fonts
of the system. Without augly, Pillow's own font draws ASCII characters.
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
"""The file of a font. None is Pillow's own font."""

_CJK_PACKAGE = "noto_cjk_sans_jp_regular"
_CJK = ("CJK", "HIRAGANA", "KATAKANA", "HANGUL", "BOPOMOFO", "FULLWIDTH", "HALFWIDTH", "IDEOGRAPHIC")
"""First words of the Unicode names of Chinese, Japanese and Korean characters."""

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
"""Parts of the file names of Chinese, Japanese and Korean fonts. These fonts are tried first."""

_PROBE = 24
_ENDINGS = {".ttf", ".otf", ".ttc", ".otc"}
_MOST_FILES = 5_000


@lru_cache(maxsize=4_096)
def face_for(char: str) -> tuple[Face] | None:
    """Return the first font that has a character, in a tuple. None means that no font has it."""
    return next(((face,) for face in _candidates(char) if covers(face, char)), None)


@lru_cache(maxsize=20_000)
def covers(face: Face, char: str) -> bool:
    """Return whether a font has a character. Invisible characters are in every font."""
    if char.isspace() or unicodedata.category(char) in ("Cf", "Cc") or "\ufe00" <= char <= "\ufe0f":
        return True
    if face is None:
        return char.isascii()
    return (drawn := _drawn(face, char)) is not None and drawn != _drawn(face, "\U0010fffe")


@lru_cache(maxsize=64)
def font(face: Face, size: float) -> ImageFont.FreeTypeFont:
    """Return a font at a size in pixels. Raises OSError if the file is not a font."""
    if face is not None:
        return ImageFont.truetype(face, size)
    own = ImageFont.load_default(size)
    assert isinstance(own, ImageFont.FreeTypeFont), "Pillow is built with FreeType"  # noqa: S101
    return own


def advice(missing: str) -> str:
    """Say what to install for the missing characters."""
    if any(_name(char).startswith(_CJK) for char in missing):
        return "`pip install 'visprog[cjk]'` adds a font for Chinese, Japanese and Korean"
    return "install a font that has them, for example from fonts.google.com/noto"


def main_face() -> Face:
    """Return the font for most text."""
    return _noto().get("NotoSans")


def _drawn(face: Path, char: str) -> tuple[object, ...] | None:
    probe = _probe(face)
    if probe is None:
        return None
    mask = probe.getmask(char)
    return mask.size, bytes(mask), probe.getlength(char)


@cache
def _probe(face: Path) -> ImageFont.FreeTypeFont | None:
    """Return a font without ligatures and substitutions. None means that the file is not a font."""
    try:
        return ImageFont.truetype(face, _PROBE, layout_engine=ImageFont.Layout.BASIC)
    except (OSError, ValueError):
        return None


def _candidates(char: str) -> Iterator[Face]:
    """Yield the fonts to try for a character, the most likely first."""
    noto = _noto()
    yield main_face()
    words = _name(char).title().split()
    likely = ["".join(words[:count]) for count in (1, 2, 3)] + ["Symbols", "Symbols2"]
    yield from (noto[name] for part in likely if (name := f"NotoSans{part}") in noto)
    yield from cjk_fonts()
    system = system_fonts()
    if _name(char).startswith(_CJK):
        yield from (path for path in system if any(part in path.name.casefold() for part in _CJK_NAMES))
    yield from (path for name, path in noto.items() if name.startswith("NotoSans"))
    yield from (noto[name] for name in ("NotoEmoji",) if name in noto)
    yield from system


def _name(char: str) -> str:
    return unicodedata.name(char, "")


@cache
def _noto() -> dict[str, Path]:
    """Return the upright Noto fonts in the package augly, by name. The code of the package is not run."""
    folders = [folder / "assets" / "fonts" for folder in _package("augly")]
    found = sorted(path for folder in folders for path in folder.glob("Noto*-Regular.ttf"))
    return {path.stem.removesuffix("-Regular"): path for path in found}


@cache
def cjk_fonts() -> tuple[Path, ...]:
    """Return the fonts of the extra `cjk`."""
    return tuple(path for folder in _package(_CJK_PACKAGE) for path in sorted(folder.glob("*.otf")))


def _package(name: str) -> list[Path]:
    package = importlib.util.find_spec(name)
    return [Path(folder) for folder in (package and package.submodule_search_locations) or ()]


@cache
def system_fonts() -> tuple[Path, ...]:
    """Return the font files of the system, regular ones first."""
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
