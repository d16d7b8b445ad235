"""Checkpoints on this machine: their files, and the device and the precision that they run in.

Nothing here uses the network; only `visprog.models.hub` does, to fetch checkpoints.
"""

from __future__ import annotations

import glob
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from visprog.errors import ModelError, ModelUnavailable, UsageError
from visprog.libraries import explain, imports_held, needs
from visprog.models.checkpoint_faults import checkpoint_fault
from visprog.models.checkpoint_files import files_to_fetch
from visprog.models.hub_cache import kept_snapshot
from visprog.models.locks import loading_alone

if TYPE_CHECKING:
    import torch

_EMBEDDED = "visprog-mini"
"""The owner in the names of the checkpoints that come with VisProg: `visprog-mini/owlvit`."""


def find_checkpoint(identifier: str, revision: str | None = None) -> Path:
    """Return the folder of a checkpoint that comes with VisProg, has this path, or was pulled.

    Raises ModelUnavailable if there is no such checkpoint, or if it was not pulled completely.
    """
    if is_embedded(identifier):
        return _embedded(identifier, revision)
    folder = local_folder(identifier)
    if folder.is_dir():
        if revision is not None:
            raise UsageError(f"{identifier} is a folder and has no revisions", help="leave out `revision`")
        return folder
    if folder.is_file():
        raise ModelUnavailable(
            f"{identifier} is a file, but a checkpoint is a folder",
            help="give the folder of the file",
        )
    if not is_repository(identifier):
        raise ModelUnavailable(f"the folder {identifier} does not exist", help="check the path")
    load_hub()
    pulled = _pulled(identifier, revision)
    if pulled is None:
        name = identifier if revision is None else f"{identifier}@{revision}"
        raise ModelUnavailable(
            f"the weights of {identifier} are not downloaded completely",
            help=f"download them with `visprog models pull {name}`; the profile `base` needs no weights",
        )
    return pulled


def is_repository(identifier: str) -> bool:
    """Return whether an identifier is the name of a repository, OWNER/NAME, and not a path."""
    return identifier.count("/") == 1 and not identifier.startswith(("/", ".", "~"))


def local_folder(identifier: str) -> Path:
    """Return an identifier as a path."""
    try:
        return Path(identifier).expanduser()
    except RuntimeError:  # it begins with `~` and the name of an unknown user
        return Path(identifier)


def is_embedded(identifier: str) -> bool:
    """Return whether an identifier names a checkpoint that comes with VisProg, `visprog-mini/NAME`."""
    owner, slash, name = identifier.partition("/")
    return owner == _EMBEDDED and bool(slash) and name.isidentifier()


def is_here(identifier: str, revision: str | None = None) -> bool:
    """Return whether a checkpoint's files are on this machine."""
    try:
        find_checkpoint(identifier, revision)
    except ModelError:
        return False
    return True


def _embedded(identifier: str, revision: str | None) -> Path:
    if revision is not None:
        raise UsageError(f"{identifier} comes with VisProg and has no revisions", help="leave out `revision`")
    folder = Path(__file__).parent / "mini" / identifier.partition("/")[2]
    if not any(folder.rglob("*.safetensors")):
        raise ModelUnavailable(
            f"{identifier} comes with VisProg, but is missing from this installation",
            help="reinstall VisProg; the profile `base` needs no weights",
        )
    return folder


_OF_THE_HUB = (
    "constants",
    "get_cached_repo_tree",
    "get_hf_file_metadata",
    "hf_hub_url",
    "snapshot_download",
)
_OF_ITS_UTILS = (
    "WeakFileLock",
    "build_hf_headers",
    "get_session",
    "hf_raise_for_status",
    "is_tqdm_disabled",
    "logging",
    "tqdm",
    "validate_repo_id",
)


def load_hub() -> Any:
    """Return the module huggingface_hub, with all parts that this file and the files `hub*.py` use.

    The library imports a part on first use, so the parts are named here. Raises ModelUnavailable if the
    library is missing.
    """
    with needs("huggingface_hub"):
        import huggingface_hub
        import huggingface_hub.errors
        import huggingface_hub.file_download
        from huggingface_hub import utils

        for library, names in ((huggingface_hub, _OF_THE_HUB), (utils, _OF_ITS_UTILS)):
            for name in names:
                getattr(library, name, None)
    return huggingface_hub


def _pulled(identifier: str, revision: str | None) -> Path | None:
    """Return the folder of a pulled repository; None if a file that is needed is missing."""
    from huggingface_hub import snapshot_download

    try:
        kept = kept_snapshot(identifier, revision)
        if kept is not None:
            return kept[0] if _is_complete(*kept) else None
        files = _listed(identifier, revision)
        folder = Path(
            snapshot_download(identifier, revision=revision, local_files_only=True, allow_patterns=files)
        )
    except Exception:  # any fault of the files is repaired by fetching them again
        return None
    return folder if any(folder.rglob("*.safetensors")) else None


def _is_complete(folder: Path, sizes: Mapping[str, int]) -> bool:
    return all((folder / name).stat().st_size == size for name, size in sizes.items())


def _listed(identifier: str, revision: str | None) -> list[str] | None:
    """Return the files of a checkpoint that another program pulled; None if the program kept no list."""
    try:
        from huggingface_hub import get_cached_repo_tree

        tree = get_cached_repo_tree(identifier, revision=revision)
    except Exception:
        return None
    return [glob.escape(name) for name in files_to_fetch(file.path for file in tree)]


def place(options: Mapping[str, Any]) -> tuple[torch.device, torch.dtype]:
    """Return the device and the precision that `options` ask for; "auto" chooses the best available.

    The automatic precision is bfloat16 or float16 on a GPU, and float32 on a CPU. Raises UsageError for an
    unknown device or precision.
    """
    with needs("torch"):
        import torch
    device = torch.device(_device(str(options.get("device", "auto"))))
    requested = str(options.get("dtype", "auto"))
    if requested == "auto":
        return device, _best_dtype(device)
    dtypes = {"float32": torch.float32, "float16": torch.float16, "bfloat16": torch.bfloat16}
    found = dtypes.get(requested)
    if found is None:
        raise UsageError(f"unknown dtype `{requested}`", help="choose auto, float32, float16 or bfloat16")
    return device, found


_DRIVERS = ("/dev/nvidiactl", "/dev/nvidia0", "/dev/nvhost-gpu", "/dev/kfd", "/dev/dxg")
"""The device files of NVIDIA, AMD and WSL. Without any of them, torch finds no accelerator on Linux."""


def has_no_accelerator() -> bool:
    """Return True if there certainly is no accelerator. Avoids importing torch, which takes seconds."""
    return sys.platform == "linux" and not any(Path(driver).exists() for driver in _DRIVERS)


def _device(requested: str) -> str:
    import torch

    count = {"cpu": 1, "cuda": torch.cuda.device_count(), "mps": int(torch.backends.mps.is_available())}
    if requested == "auto":
        return next(name for name in ("cuda", "mps", "cpu") if count[name])
    kind, colon, index = requested.partition(":")
    number = int(index) if index.isdecimal() else 0 if not colon else -1
    if not 0 <= number < count.get(kind, 0):
        here = " or ".join(["auto", *(name for name, devices in count.items() if devices)])
        raise UsageError(f"this machine has no device `{requested}`", help=f"choose {here}")
    return requested


def _best_dtype(device: torch.device) -> torch.dtype:
    import torch

    if device.type == "cuda":
        return torch.bfloat16 if torch.cuda.is_bf16_supported() else torch.float16
    return torch.float16 if device.type == "mps" else torch.float32


@contextmanager
def loading(identifier: str) -> Iterator[None]:
    """Load alone, and turn any error of a library into ModelUnavailable with a readable message."""
    try:
        with loading_alone(), imports_held():
            yield
    except (ModelError, UsageError):
        raise
    except ImportError as cause:
        message, advice = explain(cause, "transformers")
        raise ModelUnavailable(f"{identifier} cannot be loaded: {message}", help=advice) from cause
    except Exception as cause:
        reason = (str(cause).strip().splitlines() or [type(cause).__name__])[0][:300]
        raise ModelUnavailable(
            f"{identifier} cannot be loaded: {reason}", help=_advice(identifier)
        ) from cause


def _advice(identifier: str) -> str:
    """Return advice about a checkpoint that does not load."""
    if is_embedded(identifier):
        return "it comes with VisProg: reinstall VisProg"
    folder = local_folder(identifier)
    if not folder.is_dir():
        return (
            "the checkpoint may be damaged, or of a kind that cannot fill the role; "
            "`visprog models pull` fetches damaged files again"
        )
    fault = checkpoint_fault(folder)
    if fault is None:
        return "no file of the folder is damaged: the checkpoint is of a kind that cannot fill the role"
    return f"{fault}. Copy the folder again from its source, or choose another checkpoint"
