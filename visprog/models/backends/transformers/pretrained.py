"""Trained weights: loaded from this machine, whole or not at all, and without noise."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from threading import Lock
from typing import Any

from visprog.errors import ModelUnavailable

OFFLINE: Mapping[str, Any] = {"local_files_only": True, "trust_remote_code": False}
"""How everything is loaded: from this machine, running no code that a checkpoint brings."""


_NOT_SAVED = re.compile(
    r"(.*\.)?(position_ids|relative_position_index|num_batches_tracked|final_logits_bias"
    r"|swin\.layernorm\.(weight|bias))"
)
"""What published checkpoints lack without harm: counts, constants, and a norm that Swin never uses here."""


def check_whole(identifier: str, model: Any, missing: Iterable[str]) -> None:
    """Raise ModelUnavailable for a checkpoint that lacks weights: the library would make them up at random.

    Statistics that are saved with the weights, such as those of batch norms, count as weights.
    """
    saved = model.state_dict().keys()
    weights = {name for name, _ in (*model.named_parameters(), *model.named_buffers()) if name in saved}
    lacking = sorted(name for name in missing if name in weights and not _NOT_SAVED.fullmatch(name))
    if lacking:
        raise ModelUnavailable(
            f"{identifier} lacks {len(lacking)} of the weights of {type(model).__name__}, "
            f"such as {lacking[0]}",
            help="it is incomplete or was trained for something else; choose another checkpoint",
        )


def describe(identifier: str, folder: Path, options: Mapping[str, Any]) -> str:
    """Return what tells a loaded checkpoint from others: its name, revision and options, and the library."""
    import transformers

    revision = f"@{folder.name[:12]}" if folder.parent.name == "snapshots" else ""
    chosen = "".join(f" {name}={value!r}" for name, value in sorted(options.items()) if name != "revision")
    return f"transformers:{identifier}{revision} transformers {transformers.__version__}{chosen}"


class _Silence:
    """How many blocks are quiet, and how loud it was before the first of them."""

    lock = Lock()
    depth = 0
    before = (30, True)


@contextmanager
def quiet() -> Iterator[None]:
    """Keep the library's progress bars and advice from people inside the block; exceptions come through.

    Its logging belongs to the whole process: the last block to end, of any thread, restores it.
    """
    from transformers.utils import logging

    with _Silence.lock:
        _Silence.depth += 1
        if _Silence.depth == 1:
            _Silence.before = logging.get_verbosity(), logging.is_progress_bar_enabled()
            logging.set_verbosity(logging.CRITICAL)
            logging.disable_progress_bar()
    try:
        yield
    finally:
        with _Silence.lock:
            _Silence.depth -= 1
            if _Silence.depth == 0:
                logging.set_verbosity(_Silence.before[0])
                if _Silence.before[1]:
                    logging.enable_progress_bar()
