"""What tells one model from another: name, options, files, the versions of libraries, device and precision.

A step is remembered under the fingerprints of its models, and the record names them. No model is loaded for
one, and no secret stands in it.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
from functools import lru_cache
from pathlib import Path

from visprog.errors import VisProgError
from visprog.models.backend import find_backend
from visprog.models.checkpoints import (
    find_checkpoint,
    has_no_accelerator,
    is_embedded,
    is_repository,
    place,
)
from visprog.models.profile import Spec

_PLAIN = frozenset({"revision", "device", "dtype", "kind", "coordinates", "reasoning_effort"})
"""Options that are shown as they are. Another's text may hold a secret, and shows as a hash."""


def fingerprint(spec: Spec) -> str:
    """Return what tells the model from others."""
    options = [shown(name, value) for name, value in sorted(spec.options.items())]
    backend = find_backend(spec.backend)
    versions = [f"{package} {package_version(package)}" for package in backend.distributions]
    facts = (*versions, *_content(spec), *backend.environment(), *_placement(spec))
    return " ".join([str(spec), *options, *facts])


def weight_bytes(spec: Spec) -> int:
    """Return about how much memory the weights will take, by their files; 0 where there are none."""
    weights = (".safetensors", ".pth", ".onnx", ".bin")
    return sum(path.stat().st_size for path in _files(spec) if path.suffix in weights)


def shown(name: str, value: object) -> str:
    """Return an option with its value, or a hash of what may hold a secret."""
    plain = isinstance(value, bool | int | float) or (isinstance(value, str) and name in _PLAIN)
    return f"{name}={value!r}" if plain else f"{name}=#{short_hash(repr(value))}"


def short_hash(text: str) -> str:
    """Return a few characters that another text does not have."""
    return hashlib.blake2b(text.encode(errors="surrogatepass"), digest_size=8).hexdigest()


@lru_cache(maxsize=100)
def package_version(package: str) -> str:
    """Return the version of an installed package, or `none`."""
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return "none"


def _placement(spec: Spec) -> list[str]:
    """Name device and precision where the options leave them to the machine: results differ by them."""
    left = [name for name in ("device", "dtype") if spec.options.get(name, "auto") == "auto"]
    if not find_backend(spec.backend).placed or not left:
        return []
    device, dtype = spec.options.get("device", "auto"), "float32"
    if device == "auto" and has_no_accelerator():
        device = "cpu"
    if device != "cpu":
        try:
            placed, precision = place(spec.options)
        except Exception:  # without torch, or such a device, the model cannot be loaded, which says why
            return []
        device, dtype = placed.type, str(precision).removeprefix("torch.")
    found = {"device": f"on {device}", "dtype": f"in {dtype}"}
    return [found[name] for name in left]


def _content(spec: Spec) -> list[str]:
    """Name the state of the files: the hub's commit, or a hash of names, sizes and times of change.

    What comes with VisProg is the same wherever it is installed, and is named by a hash of its content.
    """
    files = _files(spec)
    if not files:
        return []
    if is_embedded(spec.identifier):
        return [f"content #{_content_hash(files)}"]
    if is_repository(spec.identifier) and not Path(spec.identifier).exists():
        return [f"commit {_commit(files[0])}"]
    stats = [(path.name, path.stat().st_size, path.stat().st_mtime_ns) for path in files]
    return [f"files #{short_hash(repr(stats))}"]


def _content_hash(files: list[Path]) -> str:
    digest = hashlib.blake2b(digest_size=8)
    for path in files:
        digest.update(path.name.encode())
        digest.update(hashlib.blake2b(path.read_bytes()).digest())
    return digest.hexdigest()


def _commit(file: Path) -> str:
    """Return the commit of a pulled file: the folder below `snapshots`."""
    parts = file.parts
    return parts[parts.index("snapshots") + 1][:12] if "snapshots" in parts[:-1] else short_hash(str(file))


def _files(spec: Spec) -> list[Path]:
    """Return the files that a model is read from, those that options name among them."""
    named = [value for value in spec.options.values() if isinstance(value, str)]
    found = [path for path in map(Path, named) if _is_file(path)]
    own = Path(spec.identifier).expanduser()
    if _is_file(own):
        found.append(own)
    elif find_backend(spec.backend).pulled:
        try:
            folder = find_checkpoint(spec.identifier, spec.options.get("revision"))
        except VisProgError:
            return []
        found += [path for path in folder.rglob("*") if path.is_file()]
    return sorted(found)


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError):  # text that cannot be a path
        return False
