"""The detector's network: a YOLOX-nano shape (depthwise CSPDarknet, PAFPN, decoupled head) with random weights.

The shape is that of "YOLOX: Exceeding YOLO Series in 2021" (arXiv 2107.08430), nano size: depth 0.33, width 0.25.
"""

import torch
from torch import Tensor, nn

STRIDES = (8, 16, 32)
HIDDEN = 64


def conv(inside: int, outside: int, size: int, stride: int = 1, groups: int = 1) -> nn.Sequential:
    """Convolution, batch norm, SiLU."""
    return nn.Sequential(
        nn.Conv2d(inside, outside, size, stride, (size - 1) // 2, groups=groups, bias=False),
        nn.BatchNorm2d(outside, eps=1e-3, momentum=0.03),
        nn.SiLU(),
    )


def separable(inside: int, outside: int, size: int, stride: int = 1) -> nn.Sequential:
    """A depthwise and a pointwise convolution."""
    return nn.Sequential(conv(inside, inside, size, stride, groups=inside), conv(inside, outside, 1))


class Bottleneck(nn.Module):
    """1x1, then 3x3 separable; added to the input where ``shortcut``."""

    def __init__(self, channels: int, shortcut: bool) -> None:
        super().__init__()
        self.first, self.second, self.shortcut = (
            conv(channels, channels, 1),
            separable(channels, channels, 3),
            shortcut,
        )

    def forward(self, x: Tensor) -> Tensor:
        y = self.second(self.first(x))
        return x + y if self.shortcut else y


class Csp(nn.Module):
    """Cross-stage partial layer of ``count`` bottlenecks."""

    def __init__(self, inside: int, outside: int, count: int, shortcut: bool = True) -> None:
        super().__init__()
        half = outside // 2
        self.deep, self.side, self.join = (
            conv(inside, half, 1),
            conv(inside, half, 1),
            conv(2 * half, outside, 1),
        )
        self.blocks = nn.Sequential(*(Bottleneck(half, shortcut) for _ in range(count)))

    def forward(self, x: Tensor) -> Tensor:
        return self.join(torch.cat([self.blocks(self.deep(x)), self.side(x)], 1))


class Stem(nn.Module):
    """Every second pixel into channels of its own, then one convolution."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = conv(12, 16, 3)

    def forward(self, x: Tensor) -> Tensor:
        even, odd = x[..., ::2, :], x[..., 1::2, :]
        return self.conv(torch.cat([even[..., ::2], odd[..., ::2], even[..., 1::2], odd[..., 1::2]], 1))


class Pyramid(nn.Module):
    """Spatial pyramid pooling with windows of 5, 9 and 13."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.first, self.last = conv(channels, channels // 2, 1), conv(channels * 2, channels, 1)
        self.pools = nn.ModuleList(nn.MaxPool2d(size, 1, size // 2) for size in (5, 9, 13))

    def forward(self, x: Tensor) -> Tensor:
        y = self.first(x)
        return self.last(torch.cat([y, *(pool(y) for pool in self.pools)], 1))


class Up(nn.Module):
    """A coarse map doubled, joined with a finer one, through a CSP layer."""

    def __init__(self, inside: int, outside: int) -> None:
        super().__init__()
        self.csp = Csp(inside, outside, 1, shortcut=False)

    def forward(self, coarse: Tensor, fine: Tensor) -> Tensor:
        return self.csp(torch.cat([nn.functional.interpolate(coarse, scale_factor=2.0, mode="nearest"), fine], 1))


class Down(nn.Module):
    """A fine map halved, joined with a coarser one, through a CSP layer."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.halve, self.csp = (
            separable(channels, channels, 3, 2),
            Csp(2 * channels, 2 * channels, 1, shortcut=False),
        )

    def forward(self, fine: Tensor, coarse: Tensor) -> Tensor:
        return self.csp(torch.cat([self.halve(fine), coarse], 1))


class Head(nn.Module):
    """One level's boxes (4), objectness logit (1) and class logits."""

    def __init__(self, inside: int, classes: int) -> None:
        super().__init__()
        self.stem = conv(inside, HIDDEN, 1)
        self.cls = nn.Sequential(separable(HIDDEN, HIDDEN, 3), separable(HIDDEN, HIDDEN, 3))
        self.reg = nn.Sequential(separable(HIDDEN, HIDDEN, 3), separable(HIDDEN, HIDDEN, 3))
        self.classes, self.box, self.obj = (nn.Conv2d(HIDDEN, n, 1) for n in (classes, 4, 1))
        nn.init.constant_(self.classes.bias, -4.0)
        nn.init.constant_(self.obj.bias, -4.0)

    def forward(self, x: Tensor) -> Tensor:
        x = self.stem(x)
        boxes = self.reg(x)
        return torch.cat([self.box(boxes), self.obj(boxes), self.classes(self.cls(x))], 1)


class Detector(nn.Module):
    """Pictures (N, 3, H, W), BGR 0..255, sides multiples of 32 -> three maps (N, 5 + classes, H/s, W/s) of logits."""

    def __init__(self, classes: int = 5) -> None:
        super().__init__()
        parts: dict[str, nn.Module] = {
            "stem": Stem(),
            "dark2a": separable(16, 32, 3, 2), "dark2b": Csp(32, 32, 1),
            "dark3a": separable(32, 64, 3, 2), "dark3b": Csp(64, 64, 3),
            "dark4a": separable(64, 128, 3, 2), "dark4b": Csp(128, 128, 3),
            "dark5a": separable(128, 256, 3, 2), "dark5b": Pyramid(256), "dark5c": Csp(256, 256, 1, shortcut=False),
            "lateral": conv(256, 128, 1), "up4": Up(256, 128), "reduce": conv(128, 64, 1), "up3": Up(128, 64),
            "down4": Down(64), "down5": Down(128),
            "head8": Head(64, classes), "head16": Head(128, classes), "head32": Head(256, classes),
        }  # fmt: skip
        self.parts = nn.ModuleDict(parts)

    def forward(self, x: Tensor) -> list[Tensor]:
        part = self.parts
        x = part["dark2b"](part["dark2a"](part["stem"](x)))
        c3 = part["dark3b"](part["dark3a"](x))
        c4 = part["dark4b"](part["dark4a"](c3))
        c5 = part["dark5c"](part["dark5b"](part["dark5a"](c4)))
        top = part["lateral"](c5)
        middle = part["reduce"](part["up4"](top, c4))
        p3 = part["up3"](middle, c3)
        p4 = part["down4"](p3, middle)
        p5 = part["down5"](p4, top)
        return [part["head8"](p3), part["head16"](p4), part["head32"](p5)]


class Bodies(nn.Module):
    """Animals and people: a table (N, anchors, 5 + classes), scores between 0 and 1; heads' scores are 0."""

    def __init__(self, network: Detector, first_head: int) -> None:
        super().__init__()
        self.network, self.first = network, 5 + first_head

    def forward(self, images: Tensor) -> Tensor:
        table = _table(self.network(images))
        return torch.cat([table[..., : self.first], torch.zeros_like(table[..., self.first :])], 2)


class Heads(nn.Module):
    """Heads of animals: a table as `Bodies` gives, the other classes' scores 0."""

    def __init__(self, network: Detector, first_head: int) -> None:
        super().__init__()
        self.network, self.first = network, 5 + first_head

    def forward(self, images: Tensor) -> Tensor:
        table = _table(self.network(images))
        return torch.cat([table[..., :5], torch.zeros_like(table[..., 5 : self.first]), table[..., self.first :]], 2)


def _table(maps: list[Tensor]) -> Tensor:
    """(N, anchors, 5 + classes) of three maps of logits."""
    scored = [torch.cat([m[:, :4], m[:, 4:].sigmoid()], 1).flatten(2) for m in maps]
    return torch.cat(scored, 2).transpose(1, 2)
