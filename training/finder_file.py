"""The finder as an ONNX file that OpenCV's FaceDetectorYN loads."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import Tensor, nn

from training.finder import STRIDES, Finder, Head, Separable

__all__ = ["write_finder"]

_OPSET, _FORMAT = 11, 6  # What OpenCV's own file of this kind has; every reader knows them.


def write_finder(
    path: Path, network: nn.Module, metadata: Mapping[str, str], *, shift: float = 0.0
) -> None:
    """Write `network` in float32 with `metadata`, replacing `path` in one step.

    The file takes `input` BGR `[1, 3, h, w]` in 0 to 255, height and width multiples of 32, and
    gives `cls_8`, `obj_8`, `bbox_8`, `kps_8` and the same for 16 and 32, each `[1, places, k]`,
    the first two in [0, 1], their logits moved by `shift`.
    """
    if not isinstance(network, Finder):
        raise TypeError("Only a Finder is written as a face finder's file.")
    partial = path.with_suffix(".partial")
    path.parent.mkdir(parents=True, exist_ok=True)
    partial.write_bytes(_Drawing(network, shift).model(metadata).SerializeToString())
    partial.replace(path)


class _Drawing:
    """A graph in the making: nodes and their constants."""

    def __init__(self, network: Finder, shift: float) -> None:
        self._network, self._shift = network, shift
        self._nodes: list[onnx.NodeProto] = []
        self._constants: list[onnx.TensorProto] = []

    def model(self, metadata: Mapping[str, str]) -> onnx.ModelProto:
        """The whole network."""
        self._constant("scales", np.array([1, 1, 2, 2], np.float32))
        self._constant("nothing", np.zeros(0, np.float32))
        for count in (1, 4, 10):
            self._constant(f"rows_{count}", np.array([1, -1, count], np.int64))
        outputs = self._answers(self._levels())
        graph = helper.make_graph(
            self._nodes,
            "finder",
            [helper.make_tensor_value_info("input", TensorProto.FLOAT, [1, 3, "height", "width"])],
            [
                helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, "places", count])
                for name, count in outputs
            ],
            self._constants,
        )
        model = helper.make_model(
            graph,
            opset_imports=[helper.make_opsetid("", _OPSET)],
            ir_version=_FORMAT,
            producer_name="darkroom",
        )
        helper.set_model_props(model, dict(metadata))
        onnx.checker.check_model(model)
        return model

    def _levels(self) -> list[str]:
        net = self._network
        # The network is trained on [0, 1]; OpenCV hands over 0 to 255.
        stem = net.stem.weight / 255
        image = self._convolution("stem", "input", *_folded(stem, net.stem_norm), stride=2)
        quarter = self._stage("quarter", self._pooled(self._relu(image)), net.quarter)
        fine = self._stage("fine", self._pooled(quarter), net.fine)
        middle = self._stage("middle", self._pooled(fine), net.middle)
        coarse = self._stage("coarse", self._pooled(middle), net.coarse)
        levels = [
            self._separable(f"lateral_{stride}", level, lateral)
            for stride, level, lateral in zip(
                STRIDES, (fine, middle, coarse), net.lateral, strict=True
            )
        ]
        for index in (1, 0):
            larger = self._node(
                "Resize",
                [levels[index + 1], "nothing", "scales"],
                f"larger_{index}",
                mode="nearest",
                coordinate_transformation_mode="asymmetric",
                nearest_mode="floor",
            )
            levels[index] = self._node("Add", [levels[index], larger], f"joined_{index}")
        return [
            self._separable(f"smooth_{stride}", level, smooth)
            for stride, level, smooth in zip(STRIDES, levels, net.smooth, strict=True)
        ]

    def _answers(self, levels: list[str]) -> list[tuple[str, int]]:
        net = self._network
        written = []
        for name, heads, count in (
            ("cls", net.quality, 1),
            ("obj", net.presence, 1),
            ("bbox", net.boxes, 4),
            ("kps", net.points, 10),
        ):
            for stride, level, head in zip(STRIDES, levels, heads, strict=True):
                label = f"{name}_{stride}"
                answer = self._head(f"{label}_head", level, head, self._shift if count == 1 else 0)
                last = self._node("Transpose", [answer], f"{label}_last", perm=[0, 2, 3, 1])
                final = "Sigmoid" if count == 1 else None
                rows = f"{label}_rows" if final else label
                self._node("Reshape", [last, f"rows_{count}"], rows)
                if final:
                    self._node(final, [rows], label)
                written.append((label, count))
        return written

    def _stage(self, name: str, given: str, stage: nn.Module) -> str:
        for number, unit in enumerate(stage.children()):
            given = self._separable(f"{name}_{number}", given, unit)
        return given

    def _separable(self, name: str, given: str, unit: nn.Module) -> str:
        if not isinstance(unit, Separable):
            raise TypeError(f"{name} is no separable convolution.")
        across = self._convolution(f"{name}_across", given, unit.across.weight, None)
        weight, bias = _folded(unit.within.weight, unit.norm)
        result = self._convolution(f"{name}_within", across, weight, bias, groups=len(weight))
        if unit.skips:
            result = self._node("Add", [result, given], f"{name}_sum")
        return self._relu(result)

    def _head(self, name: str, given: str, head: nn.Module, shift: float) -> str:
        if not isinstance(head, Head):
            raise TypeError(f"{name} is no head.")
        across = self._convolution(f"{name}_across", given, head.across.weight, head.across.bias)
        weight, bias = head.within.weight, cast(Tensor, head.within.bias) + shift
        return self._convolution(f"{name}_within", across, weight, bias, groups=len(weight))

    def _convolution(
        self,
        name: str,
        given: str,
        weight: Tensor,
        bias: Tensor | None,
        *,
        stride: int = 1,
        groups: int = 1,
    ) -> str:
        inputs = [given, self._constant(f"{name}_weight", weight)]
        if bias is not None:
            inputs.append(self._constant(f"{name}_bias", bias))
        side = weight.shape[2]
        return self._node(
            "Conv",
            inputs,
            name,
            kernel_shape=[side, side],
            pads=[side // 2] * 4,
            strides=[stride, stride],
            dilations=[1, 1],
            group=groups,
        )

    def _relu(self, given: str) -> str:
        return self._node("Relu", [given], f"{given}_relu")

    def _pooled(self, given: str) -> str:
        return self._node(
            "MaxPool", [given], f"{given}_pooled", kernel_shape=[2, 2], strides=[2, 2]
        )

    def _node(self, kind: str, inputs: list[str], output: str, **attributes: Any) -> str:
        self._nodes.append(helper.make_node(kind, inputs, [output], name=output, **attributes))
        return output

    def _constant(self, name: str, value: "Tensor | np.ndarray") -> str:
        if isinstance(value, Tensor):
            value = value.detach().to("cpu", torch.float32).contiguous().numpy()
        self._constants.append(numpy_helper.from_array(value, name))
        return name


def _folded(weight: Tensor, norm: nn.BatchNorm2d) -> tuple[Tensor, Tensor]:
    """A convolution's weight and bias with the normalisation that follows it worked in."""
    mean, variance = norm.running_mean, norm.running_var
    if mean is None or variance is None:
        raise TypeError("The normalisation keeps no averages.")
    factor = norm.weight / (variance + norm.eps).sqrt()
    return weight * factor[:, None, None, None], norm.bias - mean * factor
