"""The values of programs: pictures, regions of pictures, and scalars.

They are immutable. A tool that changes a value returns a new one.
"""

from __future__ import annotations

from typing import TypeAlias

from visprog.picture import Image
from visprog.regions import Region, Regions

__all__ = ["Image", "Region", "Regions", "Scalar"]

Scalar: TypeAlias = str | int | float | bool
"""A value that Eval or Vqa returns."""
