"""The backend `segment_anything`: Meta's checkpoints of SAM, by the path of a .pth file."""

from __future__ import annotations

from visprog.models.backend import Backend

BACKEND = Backend(
    name="segment_anything",
    loader="visprog.models.backends.segment_anything.sam:load",
    roles=("segmenter", "masker"),
    packages=("torch", "segment_anything"),
    distributions=("segment-anything", "torch", "torchvision"),
    placed=True,
)
