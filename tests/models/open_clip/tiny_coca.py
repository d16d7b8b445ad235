"""A CoCa and a CLIP of OpenCLIP with few random weights, in folders as OpenCLIP publishes them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

_TEXT = {"context_length": 40, "vocab_size": 49408, "width": 16, "heads": 2, "layers": 1}
_VISION = {"image_size": 32, "patch_size": 8, "width": 32, "head_width": 16, "layers": 1}

COCA: dict[str, Any] = {
    "embed_dim": 16,
    "vision_cfg": {**_VISION, "attentional_pool": True, "attn_pooler_heads": 2, "output_tokens": True},
    "text_cfg": {**_TEXT, "embed_cls": True, "output_tokens": True},
    "multimodal_cfg": {**_TEXT, "attn_pooler_heads": 2},
    "custom_text": True,
}
CLIP: dict[str, Any] = {"embed_dim": 16, "vision_cfg": _VISION, "text_cfg": _TEXT}

PREPROCESSING = {"mean": [0.5, 0.4, 0.3], "std": [0.3, 0.2, 0.25], "interpolation": "bicubic"}


def build(config: dict[str, Any], seed: int = 0) -> Any:
    """Return a model with weights so large that its outputs differ."""
    import open_clip
    import torch

    torch.manual_seed(seed)
    model = (open_clip.CoCa if "multimodal_cfg" in config else open_clip.CLIP)(
        **{name: value for name, value in config.items() if name != "custom_text"}
    )
    with torch.no_grad():
        for name, weight in model.named_parameters():
            if weight.ndim > 1:
                weight.normal_(std=0.4 if "text_decoder" in name else 0.2)
    return model.eval()


def save(model: Any, config: dict[str, Any], folder: Path) -> Path:
    """Write the configuration and the weights."""
    from safetensors.torch import save_file

    folder.mkdir(parents=True, exist_ok=True)
    content = {"model_cfg": config, "preprocess_cfg": PREPROCESSING}
    (folder / "open_clip_config.json").write_text(json.dumps(content))
    weights = {name: value.contiguous() for name, value in model.state_dict().items()}
    save_file(weights, folder / "open_clip_model.safetensors")
    return folder
