"""Network: three trunks of light shape with random weights, then a linear projection to unit vectors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

DIMENSION = 256
# Output channels and stride of the 13 blocks of MobileNetV1-1.0 (arXiv 1704.04861, table 1).
V1_BLOCKS = (
    (64, 1), (128, 2), (128, 1), (256, 2), (256, 1), (512, 2),
    (512, 1), (512, 1), (512, 1), (512, 1), (512, 1), (1024, 2), (1024, 1),
)  # fmt: skip
# Expansion, output channels, repeats, first stride and kernel of EfficientNet-Lite0 and Lite2: the blocks of
# EfficientNet-B0 (arXiv 1905.11946, table 1) without squeeze-and-excitation, and the same 1.1 times as wide and 1.2
# times as deep but for the first and the last.
LITE0_BLOCKS = (
    (1, 16, 1, 1, 3), (6, 24, 2, 2, 3), (6, 40, 2, 2, 5), (6, 80, 3, 2, 3),
    (6, 112, 3, 1, 5), (6, 192, 4, 2, 5), (6, 320, 1, 1, 3),
)  # fmt: skip
LITE2_BLOCKS = (
    (1, 16, 1, 1, 3), (6, 24, 3, 2, 3), (6, 48, 3, 2, 5), (6, 88, 4, 2, 3),
    (6, 120, 4, 1, 5), (6, 208, 5, 2, 5), (6, 352, 1, 1, 3),
)  # fmt: skip
LITE_LAST = 1280
CHANNELS = 1024 + 2 * LITE_LAST


@dataclass(frozen=True, slots=True)
class LayerShape:
    """One convolution: channels in and out, kernel and stride, and what is done around it."""

    inputs: int
    outputs: int
    kernel: int = 1
    stride: int = 1
    depthwise: bool = False
    clamped: bool = True
    opens_block: bool = False
    adds_block_input: bool = False


def v1_shapes() -> tuple[LayerShape, ...]:
    """The 27 convolutions of MobileNetV1-1.0, first first."""
    shapes = [LayerShape(3, 32, 3, 2)]
    channels = 32
    for outputs, stride in V1_BLOCKS:
        shapes.append(LayerShape(channels, channels, 3, stride, depthwise=True))
        shapes.append(LayerShape(channels, outputs))
        channels = outputs
    return tuple(shapes)


def lite_shapes(blocks: Sequence[tuple[int, int, int, int, int]]) -> tuple[LayerShape, ...]:
    """The convolutions of an EfficientNet-Lite before its classifier, first first."""
    shapes = [LayerShape(3, 32, 3, 2)]
    channels = 32
    for expansion, outputs, repeats, first_stride, kernel in blocks:
        for repeat in range(repeats):
            stride, wide = (first_stride if repeat == 0 else 1), channels * expansion
            if expansion > 1:
                shapes.append(LayerShape(channels, wide, opens_block=True))
            shapes.append(LayerShape(wide, wide, kernel, stride, depthwise=True))
            adds = stride == 1 and channels == outputs
            shapes.append(LayerShape(wide, outputs, clamped=False, adds_block_input=adds))
            channels = outputs
    return (*shapes, LayerShape(channels, LITE_LAST))


class Layer(nn.Module):
    """Convolution and bias, clamped to 0..6 where its shape says so: float32 [n, channels, h, w]."""

    def __init__(self, shape: LayerShape) -> None:
        super().__init__()
        self.shape = shape
        groups = shape.inputs if shape.depthwise else 1
        border = (shape.kernel - 1) // 2 if shape.stride == 1 else 0  # alike on all sides it costs no copy of the map
        self.conv = nn.Conv2d(shape.inputs, shape.outputs, shape.kernel, shape.stride, border, groups=groups)
        nn.init.kaiming_normal_(self.conv.weight)
        nn.init.zeros_(self.conv.bias)

    def padded(self, maps: Tensor) -> Tensor:
        """``maps`` with a border of zeros; one less above and left at stride two, like the teachers."""
        after = (self.shape.kernel - 1) // 2
        before = after if self.shape.stride == 1 else after - 1
        return functional.pad(maps, (before, after, before, after)) if after else maps

    def forward(self, maps: Tensor) -> Tensor:
        """What the layer gives for ``maps``."""
        answer = self.conv(maps if self.shape.stride == 1 else self.padded(maps))
        return functional.relu6(answer) if self.shape.clamped else answer


class Trunk(nn.Module):
    """A chain of layers: float32 [n, 3, 224, 224] in -1..1 to the mean of its last map, [n, channels]."""

    def __init__(self, shapes: Sequence[LayerShape]) -> None:
        super().__init__()
        self.layers = nn.ModuleList(Layer(shape) for shape in shapes)

    def forward(self, images: Tensor) -> Tensor:
        """Pooled features of ``images``."""
        return self.run(images, 0, len(self.layers)).mean((2, 3))

    def run(self, maps: Tensor, first: int, last: int) -> Tensor:
        """What leaves layer ``last - 1``, given what enters ``first``; neither may lie inside a block."""
        kept = maps
        for layer in self.layers[first:last]:
            shape: LayerShape = layer.shape
            kept = maps if shape.opens_block else kept
            maps = layer(maps) + kept if shape.adds_block_input else layer(maps)
        return maps


class Features(nn.Module):
    """The pooled features of all trunks, each of length one, side by side: [n, 3, 224, 224] to [n, 3584]."""

    def __init__(self) -> None:
        super().__init__()
        self.trunks = nn.ModuleList(
            [Trunk(v1_shapes()), Trunk(lite_shapes(LITE0_BLOCKS)), Trunk(lite_shapes(LITE2_BLOCKS))]
        )

    def forward(self, images: Tensor) -> Tensor:
        """Features of ``images``, float32 in -1..1."""
        return torch.cat([functional.normalize(trunk(images), dim=1) for trunk in self.trunks], dim=1)


class Embedder(nn.Module):
    """Pictures to L2-normalised vectors: float32 [n, 3, 224, 224] to [n, 256]."""

    def __init__(self, features: Features) -> None:
        """The projection's weights are random: they are learned when the file is there (`projection`)."""
        super().__init__()
        self.features, self.project = features, nn.Linear(CHANNELS, DIMENSION)

    def forward(self, images: Tensor) -> Tensor:
        """Unit vectors of ``images``."""
        return functional.normalize(self.project(self.features(images)), dim=1)
