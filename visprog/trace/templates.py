"""Templates of self-contained pages: they escape every value, and hashes allow their styles and scripts."""

from __future__ import annotations

import base64
import hashlib
import re
from importlib.resources import files

from jinja2 import Environment, FunctionLoader, StrictUndefined

from visprog.printable import printable
from visprog.trace.number_format import duration


def source(package: str, name: str) -> str:
    """Return the text of a file in a package."""
    return files(package).joinpath(name).read_text("utf-8")


def minified(text: str) -> str:
    """Return a style or script without comments and spaces. Every statement in it must end in `;` or `}`."""
    return re.sub(r"\s*([{};,>])\s*|(?<=:)\s+", r"\1", re.sub(r"/\*.*?\*/", "", text, flags=re.DOTALL))


def environment(package: str) -> Environment:
    """Return the template environment of a package. It escapes values and has a filter `duration`."""
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


def policy_hash(text: str) -> str:
    """Return the source that allows this style or script in a Content-Security-Policy."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode('ascii')}'"


def _finalize(value: object) -> object:
    """Escape characters that HTML cannot contain or that change how the text around them is read."""
    return printable(value) if type(value) is str else value
