"""The detector's network: a YOLOX-nano shape (depthwise CSPDarknet, PAFPN, decoupled head) with random weights.

The shape is that of "YOLOX: Exceeding YOLO Series in 2021" (arXiv 2107.08430), nano size: depth 0.33, width 0.25.
"""

import torch
from torch import Tensor, nn

STRIDES = (8, 16, 32)
HIDDEN = 64
HEAD_CLASSES = 2
PETS = 2
NEVER = 20.0  # as a logit, for what is not looked for
EARLY = ("stem", "dark2a", "dark2b", "dark3a", "dark3b")


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

    def at_once(self) -> nn.Sequential:
        """The same as one convolution of 6 x 6 pixels that takes every second step: nothing is moved about first."""
        inner, norm, act = self.conv
        wide = nn.Conv2d(3, inner.out_channels, 6, stride=2, padding=2, bias=False)
        corners = inner.weight.detach().view(-1, 2, 2, 3, 3, 3)  # to the right, down, channel, row, column
        wide.weight.data = corners.permute(0, 3, 4, 2, 5, 1).reshape(-1, 3, 6, 6).contiguous()
        return nn.Sequential(wide, norm, act)


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
        return self.answers(self.levels(x))

    def levels(self, x: Tensor) -> list[Tensor]:
        """What the heads read: maps of 64, 128 and 256 channels at the strides."""
        return self.later(self.early(x))

    def early(self, x: Tensor) -> Tensor:
        """The first layers: a map of 64 channels at stride 8."""
        part = self.parts
        return part["dark3b"](part["dark3a"](part["dark2b"](part["dark2a"](part["stem"](x)))))

    def later(self, c3: Tensor) -> list[Tensor]:
        """From what `early` gave to the levels."""
        part = self.parts
        c4 = part["dark4b"](part["dark4a"](c3))
        c5 = part["dark5c"](part["dark5b"](part["dark5a"](c4)))
        top = part["lateral"](c5)
        middle = part["reduce"](part["up4"](top, c4))
        p3 = part["up3"](middle, c3)
        p4 = part["down4"](p3, middle)
        p5 = part["down5"](p4, top)
        return [p3, p4, p5]

    def answers(self, levels: list[Tensor]) -> list[Tensor]:
        """The three maps of logits for what `levels` gave."""
        return [self.parts[f"head{stride}"](level) for stride, level in zip(STRIDES, levels, strict=True)]


class Joined(nn.Module):
    """Bodies, people and animals' heads with one trunk: `towers` read the coarser levels that the bodies' heads read.

    ``forward`` gives the bodies' three maps (their last two classes unused) and three of heads, whose two classes are
    the heads of cats and dogs; of the finest, nothing. Once it `shares` the first layers of another network, that
    one's map, through one convolution, stands for its own.
    """

    def __init__(self, bodies: Detector) -> None:
        super().__init__()
        self.bodies = bodies
        self.towers = nn.ModuleList(Head(channels, HEAD_CLASSES) for channels in (128, 256))
        self.fitted: nn.Conv2d | None = None

    def forward(self, x: Tensor) -> tuple[list[Tensor], list[Tensor]]:
        return self.after(self.bodies.early(x))

    def after(self, c3: Tensor) -> tuple[list[Tensor], list[Tensor]]:
        """The same from a map of the first layers, its own or the shared ones."""
        levels = self.bodies.later(c3 if self.fitted is None else self.fitted(c3))
        heads = [tower(level) for tower, level in zip(self.towers, levels[1:], strict=True)]
        finest = levels[0][:, : 5 + HEAD_CLASSES] * 0 - NEVER
        return self.bodies.answers(levels), [finest, *heads]

    def share(self) -> None:
        """From now on `after` is given another network's map."""
        self.fitted = nn.Conv2d(64, 64, 1)
        for name in EARLY:
            self.bodies.parts[name] = nn.Identity()


class Bodies(nn.Module):
    """The first network: animals and people, a table (N, anchors, 5 + classes), scores from 0 to 1; heads' are 0.

    And the map of its first layers, which the second network shares.
    """

    def __init__(self, network: Detector) -> None:
        super().__init__()
        self.network = network

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        early = self.network.early(images)
        table = _table(self.network.answers(self.network.later(early)))
        return torch.cat([table[..., :-HEAD_CLASSES], torch.zeros_like(table[..., -HEAD_CLASSES:])], 2), early


class Second(nn.Module):
    """The second network's word on what the first found: the same table, animals' scores and boxes those of both.

    Below it a table of heads, the other classes' scores 0. Objectness is 1 where scores are joined ones. People are
    as the first network says.
    """

    def __init__(self, network: Joined, say: float) -> None:
        super().__init__()
        self.network, self.say = network, say

    def forward(self, early: Tensor, found: Tensor) -> Tensor:
        bodies, heads = map(_table, self.network.after(early))
        one, other = (table[..., 4:5] * table[..., 5 : 5 + PETS] for table in (found, bodies))
        people = found[..., 4:5] * found[..., 5 + PETS : 6 + PETS]
        pets = one * (1 - self.say) + other * self.say
        best, rival = one.amax(2, keepdim=True), other.amax(2, keepdim=True)
        moved = rival / (best + rival + 1e-9) * (pets.amax(2, keepdim=True) > people)
        boxes = found[..., :4] * (1 - moved) + bodies[..., :4] * moved
        none = torch.zeros_like(people)
        joined = torch.cat([boxes, torch.ones_like(people), pets, people, none, none], 2)
        return torch.cat([joined, torch.cat([heads[..., :5], none, none, none, heads[..., 5:]], 2)], 1)


def _table(maps: list[Tensor]) -> Tensor:
    """(N, anchors, 5 + classes) of three maps of logits."""
    scored = [torch.cat([m[:, :4], m[:, 4:].sigmoid()], 1).flatten(2) for m in maps]
    return torch.cat(scored, 2).transpose(1, 2)
