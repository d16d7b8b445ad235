"""What all pages share: templates that escape what they are given, and hashes that allow their own parts."""

from __future__ import annotations

import base64
import hashlib
import re
from importlib.resources import files

from jinja2 import Environment, FunctionLoader, StrictUndefined

from visprog.printable import printable
from visprog.trace.number_format import duration


def source(package: str, name: str) -> str:
    """Return the text of a file of a package."""
    return files(package).joinpath(name).read_text("utf-8")


def packed(text: str) -> str:
    """Return a style or script without comments (`/* */`) and space; every statement ends in its own mark."""
    return re.sub(r"\s*([{};,>])\s*|(?<=:)\s+", r"\1", re.sub(r"/\*.*?\*/", "", text, flags=re.DOTALL))


def environment(package: str) -> Environment:
    """Return where the templates of a package are compiled: they escape, and know the filter `duration`."""
    made = Environment(
        loader=FunctionLoader(lambda name: source(package, name)),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_finalize,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters["duration"] = duration
    return made


def allowed(text: str) -> str:
    """Return what a page's policy says to allow this style or script."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode('ascii')}'"


def _finalize(value: object) -> object:
    """Escape what HTML cannot hold, and what would change how the text around it is read."""
    return printable(value) if type(value) is str else value
