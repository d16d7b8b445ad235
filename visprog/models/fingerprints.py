"""Fingerprints of models: name, options, files, versions of libraries, device and precision.

The cache stores results under the fingerprints of their models, and the record of a run lists them. No model
is loaded to compute a fingerprint, and a fingerprint contains no secret.
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
"""Text options that are shown as they are. All others may contain a secret and are shown as a hash."""


def fingerprint(spec: Spec) -> str:
    """Return the fingerprint of a model. Different models have different fingerprints."""
    options = [shown(name, value) for name, value in sorted(spec.options.items())]
    backend = find_backend(spec.backend)
    versions = [f"{package} {package_version(package)}" for package in backend.distributions]
    facts = (*versions, *_content(spec), *backend.environment(), *_placement(spec))
    return " ".join([str(spec), *options, *facts])


def weight_bytes(spec: Spec) -> int:
    """Return the size of the weight files, an estimate of the memory that they need; 0 without files."""
    weights = (".safetensors", ".pth", ".onnx", ".bin")
    return sum(path.stat().st_size for path in _files(spec) if path.suffix in weights)


def shown(name: str, value: object) -> str:
    """Return an option with its value; a value that may contain a secret is replaced by a hash."""
    plain = isinstance(value, bool | int | float) or (isinstance(value, str) and name in _PLAIN)
    return f"{name}={value!r}" if plain else f"{name}=#{short_hash(repr(value))}"


def short_hash(text: str) -> str:
    """Return a hash of a text in 16 hex digits."""
    return hashlib.blake2b(text.encode(errors="surrogatepass"), digest_size=8).hexdigest()


@lru_cache(maxsize=100)
def package_version(package: str) -> str:
    """Return the version of an installed package, or `none`."""
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return "none"


def _placement(spec: Spec) -> list[str]:
    """Return the device and the precision that the options do not set, because they affect the results."""
    left = [name for name in ("device", "dtype") if spec.options.get(name, "auto") == "auto"]
    if not find_backend(spec.backend).placed or not left:
        return []
    device, dtype = spec.options.get("device", "auto"), "float32"
    if device == "auto" and has_no_accelerator():
        device = "cpu"
    if device != "cpu":
        try:
            placed, precision = place(spec.options)
        except Exception:  # the model cannot be loaded either, and loading it reports the reason
            return []
        device, dtype = placed.type, str(precision).removeprefix("torch.")
    found = {"device": f"on {device}", "dtype": f"in {dtype}"}
    return [found[name] for name in left]


def _content(spec: Spec) -> list[str]:
    """Return the state of the files: the commit on the hub, or a hash of names, sizes and times of change.

    The files that come with VisProg are identified by a hash of their content, which is the same on all
    machines.
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
    """Return the commit of a pulled file, which is the folder below `snapshots`."""
    parts = file.parts
    return parts[parts.index("snapshots") + 1][:12] if "snapshots" in parts[:-1] else short_hash(str(file))


def _files(spec: Spec) -> list[Path]:
    """Return the files of a model, including those that its options name."""
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
