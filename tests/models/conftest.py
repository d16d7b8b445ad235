"""Tiny models gain nothing from many threads, and lose much where other processes are busy."""

from __future__ import annotations

import importlib.util

if importlib.util.find_spec("torch") is not None:
    import torch

    torch.set_num_threads(1)
