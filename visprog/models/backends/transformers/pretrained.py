"""Helpers for loading trained weights: offline, complete, and without the library's log."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from threading import Lock
from typing import Any

from visprog.errors import ModelUnavailable

OFFLINE: Mapping[str, Any] = {"local_files_only": True, "trust_remote_code": False}
"""Arguments for all loading: only from this machine, and never with code from a checkpoint."""


_NOT_SAVED = re.compile(
    r"(.*\.)?(position_ids|relative_position_index|num_batches_tracked|final_logits_bias"
    r"|swin\.layernorm\.(weight|bias))"
)
"""Weights that published checkpoints may lack: counts, constants, and a norm of Swin that is not used."""


def check_whole(identifier: str, model: Any, missing: Iterable[str]) -> None:
    """Raise ModelUnavailable for a checkpoint that lacks weights, which the library would draw at random.

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
    """Return a fingerprint: name, revision and options of the checkpoint, and the library's version."""
    import transformers

    revision = f"@{folder.name[:12]}" if folder.parent.name == "snapshots" else ""
    chosen = "".join(f" {name}={value!r}" for name, value in sorted(options.items()) if name != "revision")
    return f"transformers:{identifier}{revision} transformers {transformers.__version__}{chosen}"


class _Silence:
    """The number of quiet blocks, and the log level and progress bars before the first of them."""

    lock = Lock()
    depth = 0
    before = (30, True)


@contextmanager
def quiet() -> Iterator[None]:
    """Switch off the library's progress bars and log inside the block. Errors are still raised.

    The log is global, so the last block that ends, in any thread, restores it.
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
