"""Networks of the transformers library, loaded from this machine."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from visprog.libraries import needs
from visprog.models.backends.transformers.pretrained import OFFLINE, check_whole, describe, quiet
from visprog.models.checkpoints import find_checkpoint, loading, place
from visprog.models.locks import ModelLock
from visprog.models.options import LOCAL_OPTIONS, check_names

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True, eq=False)
class Network:
    """A network, its processor or tokenizer, and its device. Hold `lock` while it computes."""

    model: Any
    processor: Any
    identifier: str
    device: torch.device
    dtype: torch.dtype
    fingerprint: str
    lock: ModelLock = field(default_factory=ModelLock)

    @property
    def kind(self) -> str:
        """The library's name for the architecture, such as `blip`."""
        return str(self.model.config.model_type)

    @property
    def nbytes(self) -> int:
        """The memory that the weights take, in bytes."""
        return sum(weight.nbytes for weight in (*self.model.parameters(), *self.model.buffers()))

    @property
    def tokenizer(self) -> Any:
        """The tokenizer, which may be a part of the processor."""
        return getattr(self.processor, "tokenizer", self.processor)

    def placed(self, inputs: Any) -> dict[str, Any]:
        """Move the output of the processor to the network's device, and real numbers to its precision."""
        return {
            name: tensor.to(self.device, self.dtype if tensor.is_floating_point() else None)
            for name, tensor in inputs.items()
        }


def load_network(
    architecture: str,
    identifier: str,
    options: Mapping[str, Any],
    known: Sequence[str] = (),
    *,
    processor: str = "AutoProcessor",
) -> Network:
    """Load a checkpoint through the library's classes of these names, such as `AutoModelForCausalLM`.

    `known` are the caller's options, in addition to those of all local models. Raises UsageError for others,
    and ModelUnavailable if the checkpoint is missing, damaged or made for another purpose.
    """
    check_names(options, (*LOCAL_OPTIONS, *known), f"transformers:{identifier}")
    folder = find_checkpoint(identifier, options.get("revision"))
    device, dtype = place(options)
    library = _library()
    with loading(identifier), quiet():
        reader = getattr(library, processor).from_pretrained(folder, **OFFLINE)
        model, report = getattr(library, architecture).from_pretrained(
            folder, dtype=dtype, use_safetensors=True, output_loading_info=True, **OFFLINE
        )
        check_whole(identifier, model, report["missing_keys"])
        model.eval().requires_grad_(False).to(device)
    fingerprint = (
        f"{describe(identifier, folder, options)} on {device.type} in {str(dtype).removeprefix('torch.')}"
    )
    return Network(model, reader, identifier, device, dtype, fingerprint)


def architecture_of(identifier: str, options: Mapping[str, Any]) -> tuple[str, tuple[str, ...]]:
    """Return the architecture of a checkpoint and the classes that saved it, from its configuration.

    Raises ModelUnavailable if the checkpoint is missing, or unknown to the library.
    """
    folder = find_checkpoint(identifier, options.get("revision"))
    library = _library()
    with loading(identifier), quiet():
        config = library.AutoConfig.from_pretrained(folder, **OFFLINE)
    return str(config.model_type), tuple(getattr(config, "architectures", None) or ())


def reads_pictures_and_writes(kind: str) -> bool:
    """Return whether models of the architecture write text about pictures."""
    return kind in _library().models.auto.modeling_auto.MODEL_FOR_IMAGE_TEXT_TO_TEXT_MAPPING_NAMES


def is_sequence_to_sequence(kind: str) -> bool:
    """Return whether models of the architecture are sequence-to-sequence models, such as T5."""
    return kind in _library().models.auto.modeling_auto.MODEL_FOR_SEQ_TO_SEQ_CAUSAL_LM_MAPPING_NAMES


def _library() -> Any:
    with needs("transformers"):
        import tokenizers  # noqa: F401  # without these two the library can be imported, but cannot load models
        import torch  # noqa: F401
        import transformers
        import transformers.models.auto.modeling_auto
        import transformers.utils.logging
    return transformers
