"""What training hands out: a safetensors file with its origin in the header."""

from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors import safe_open
from safetensors.torch import load_file, save
from torch import Tensor

__all__ = ["read_metadata", "read_weights", "write_weights"]


def write_weights(path: Path, state: Mapping[str, Tensor], metadata: Mapping[str, str]) -> None:
    """Write `state` in half precision with `metadata` in the header, replacing in one step."""
    half = {
        name: value.detach().to("cpu", torch.float16).contiguous() for name, value in state.items()
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".partial")
    partial.write_bytes(save(half, metadata=dict(metadata)))
    partial.replace(path)


def read_weights(path: Path) -> dict[str, Tensor]:
    """The state dict of a safetensors file, in float32."""
    return {name: value.float() for name, value in load_file(path).items()}


def read_metadata(path: Path) -> dict[str, str]:
    """The metadata of a safetensors or an ONNX file; empty if it carries none."""
    if path.suffix == ".onnx":
        import onnx

        properties = onnx.load(path).metadata_props
        return {entry.key: entry.value for entry in properties}
    with safe_open(path, framework="pt") as opened:
        return dict(opened.metadata() or {})
