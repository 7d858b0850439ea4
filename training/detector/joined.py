"""The second network's lessons: one trunk for bodies, people and heads, then on the first network's first layers.

A network that starts as the first lesson's answers, view by view, as two teachers do that stay as they are: the first
lesson's network for bodies and people, the third lesson's for heads. The teachers see each view clean and both ways
round; the learner sees it as a camera, a night or a bad lens would show it. Where a label knows better than they do
(a small animal, or which kind of animal it is), their answer is corrected. Without the teachers a network that learns
from these few pictures forgets the cats and people that they do not show.
"""

import copy
import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits as cross_entropy
from torch.nn.utils.fusion import fuse_conv_bn_eval

from training.detector.batches import Batch, Shelf, batch
from training.detector.boxes import anchors
from training.detector.data import CAT, CAT_HEAD, DOG, Pictures
from training.detector.loss import CANDIDATES, CENTRE_RADIUS, decoded, paired_iou
from training.detector.network import STRIDES, Detector, Joined
from training.detector.teacher import SIDE
from training.detector.train import Lesson

RATE = 1e-3
LEAST_RATE = 0.01
WARM_STEPS = 200
AVERAGE = 0.9985
FAR = 1e5
ENOUGH_TO_NORMALISE = 64  # views in a batch; of fewer, normalisation stays as it is
FITTED_TO = 200  # views


@dataclass(frozen=True)
class Answer:
    """Probabilities of objectness (n, a) and classes (n, a, c), boxes (n, a, 4) as corners; classes in ours' order."""

    objects: Tensor
    classes: Tensor
    corners: Tensor


@dataclass(frozen=True)
class Said:
    """A network's raw words: logits of objectness (n, a) and classes (n, a, c), and boxes (n, a, 4) as corners."""

    objects: Tensor
    classes: Tensor
    corners: Tensor

    def answer(self) -> Answer:
        """As probabilities."""
        return Answer(self.objects.sigmoid(), self.classes.sigmoid(), self.corners)


Teaching = Callable[[Tensor], tuple[Answer, Answer]]
"""Clean views -> what is to be answered of bodies and people, and of heads."""


def begun(bodies: Detector, heads: Detector) -> Joined:
    """The first lesson's network with the third lesson's heads."""
    network = Joined(copy.deepcopy(bodies))
    for tower, stride in zip(network.towers, STRIDES[1:], strict=True):
        _copied_head(tower, heads.parts[f"head{stride}"])
    return network


def two_teachers(bodies: Detector, heads: Detector) -> Teaching:
    """Each is asked both ways round."""
    asked = [(_ready(bodies), slice(0, CAT_HEAD)), (_ready(heads), slice(CAT_HEAD, None))]

    def teach(clean: Tensor) -> tuple[Answer, Answer]:
        first, second = (_both_ways(teacher.to(clean.device), clean, classes) for teacher, classes in asked)
        return first, second

    return teach


def itself(network: Joined) -> Teaching:
    """The network as it was, before it shares another one's first layers."""
    teacher = copy.deepcopy(network).eval().requires_grad_(requires_grad=False)

    def teach(clean: Tensor) -> tuple[Answer, Answer]:
        bodies, heads = teacher.to(clean.device)(_fed(clean))
        return _said(bodies, slice(0, CAT_HEAD)).answer(), _said(heads, slice(0, None)).answer()

    return teach


@torch.no_grad()
def sharing(network: Joined, first: Detector, pictures: Pictures, seed: int) -> Joined:
    """Let it share the first layers of ``first``: one convolution, by least squares, gives what its own would."""
    chance = torch.Generator().manual_seed(seed)
    some = np.random.default_rng(seed).choice(len(pictures.labels), FITTED_TO, p=pictures.chances, replace=False)
    shelf = Shelf.of(pictures.some(some), torch.device("cpu"))
    views = batch(shelf, FITTED_TO, chance).clean
    theirs, own = (
        torch.cat([each.early(view[None])[0].flatten(1).T for view in views]) for each in (first.eval(), network.bodies)
    )
    seen = torch.cat([theirs, torch.ones(len(theirs), 1)], 1).double()
    answer = torch.linalg.lstsq(seen, own.double()).solution
    left = (seen @ answer - own).square().mean() / own.var()
    print(f"shared first layers: {left:.2f} of the variance left", flush=True)
    network.share()
    assert network.fitted is not None
    network.fitted.weight.copy_(answer[:-1].T[:, :, None, None])
    network.fitted.bias.copy_(answer[-1])
    return network


def learn(
    network: Joined,
    teach: Teaching,
    pictures: Pictures,
    minutes: float,
    checkpoint: Path,
    seed: int,
    size: int,
    first: Detector | None = None,
    most: float = RATE,
) -> tuple[Joined, Lesson]:
    """Train for ``minutes`` in batches of ``size`` on a GPU where there is one; the averaged network.

    ``first`` is the network whose first layers it shares.
    """
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    chance = torch.Generator(device).manual_seed(seed)
    network = network.to(device, memory_format=torch.channels_last).train(size >= ENOUGH_TO_NORMALISE)
    early = _ready(first).to(device).early if first is not None else network.bodies.early
    averaged = copy.deepcopy(network).eval()
    optimiser = torch.optim.AdamW(network.parameters(), lr=most, weight_decay=5e-4, fused=device.type == "cuda")
    steps, spent = 0, 0.0
    if checkpoint.exists():
        weights, average, moments, steps, spent = torch.load(checkpoint, weights_only=True)
        network.load_state_dict(weights)
        averaged.load_state_dict(average)
        optimiser.load_state_dict(moments)
        chance.manual_seed(seed + steps)
    shelf = Shelf.of(pictures, device)
    start, saved, running = time.monotonic(), spent, torch.zeros(4, device=device)
    while (done := spent + (time.monotonic() - start) / 60) < minutes:
        for group in optimiser.param_groups:
            group["lr"] = most * _schedule(done / minutes, steps)
        views = batch(shelf, size, chance)
        losses = torch.stack(_losses(network, early, teach, views, device))
        optimiser.zero_grad(set_to_none=True)
        losses.sum().backward()
        nn.utils.clip_grad_norm_(network.parameters(), 5.0)
        optimiser.step()
        steps += 1
        _follow(averaged, network, min(AVERAGE, (1 + steps) / (10 + steps)))
        running = 0.98 * running + 0.02 * losses.detach()
        if steps % 50 == 0:
            loss = float(running.sum())
            print(f"{checkpoint.stem} {steps * size} views {done:.2f} min loss {loss:.3f}", flush=True)
        if done - saved > 1:
            saved = done
            torch.save((network.state_dict(), averaged.state_dict(), optimiser.state_dict(), steps, done), checkpoint)
    torch.save((network.state_dict(), averaged.state_dict(), optimiser.state_dict(), steps, minutes), checkpoint)
    where = torch.cuda.get_device_name() if device.type == "cuda" else "a processor"
    return averaged.cpu(), Lesson(steps * size, minutes, where)


def _copied_head(tower: nn.Module, head: nn.Module) -> None:
    """The third lesson's head, of its classes the last two."""
    state = {
        name: value[CAT_HEAD:] if name.startswith("classes.") else value for name, value in head.state_dict().items()
    }
    tower.load_state_dict(state)


def _ready(teacher: Detector) -> Detector:
    """To be asked only: normalisations folded into the convolutions before them."""
    ready = copy.deepcopy(teacher).eval()
    for block in ready.modules():
        if isinstance(block, nn.Sequential) and isinstance(block[0], nn.Conv2d):
            block[0], block[1] = fuse_conv_bn_eval(block[0], block[1]), nn.Identity()
    return ready.to(memory_format=torch.channels_last).requires_grad_(requires_grad=False)


def _losses(
    network: Joined, early: Callable[[Tensor], Tensor], teach: Teaching, views: Batch, device: torch.device
) -> list[Tensor]:
    """Of scores and boxes, for bodies and for heads."""
    with torch.autocast(device.type, torch.bfloat16, enabled=device.type == "cuda"):
        maps = network.after(early(_fed(views.shown)))
        with torch.no_grad():
            taught = teach(views.clean)
    losses = []
    for said_maps, answer, mine in zip(maps, taught, (slice(0, CAT_HEAD), slice(CAT_HEAD, None)), strict=True):
        said = _said(said_maps, slice(0, answer.classes.shape[-1]))
        with torch.no_grad():
            wanted = _corrected(_named(answer, views.species), said.answer(), _only(views.labels, mine))
        losses += _apart(said, wanted)
    return losses


def _fed(pictures: Tensor) -> Tensor:
    return pictures.to(memory_format=torch.channels_last)


def _said(maps: list[Tensor], classes: slice) -> Said:
    table = torch.cat([m.flatten(2) for m in maps], 2).transpose(1, 2).float()
    grid, stride = _anchors(table.device)
    return Said(table[..., 4], table[..., 5:][..., classes], _corners(table[..., :4], grid, stride))


def _corners(raw: Tensor, grid: Tensor, stride: Tensor) -> Tensor:
    return decoded(raw.reshape(-1, 4), grid.repeat(len(raw), 1), stride.repeat(len(raw))).reshape(raw.shape)


def _anchors(device: torch.device) -> tuple[Tensor, Tensor]:
    grid, stride = anchors(SIDE)
    return torch.from_numpy(grid).to(device), torch.from_numpy(stride).to(device)


def _both_ways(teacher: Detector, clean: Tensor, classes: slice) -> Answer:
    """The mean of what is seen as it is and mirrored."""
    maps = teacher(_fed(torch.cat([clean, clean.flip(3)])))
    count = len(clean)
    one = _said([m[:count] for m in maps], classes).answer()
    other = _said([m[count:].flip(3) for m in maps], classes).answer()
    grid, stride = _anchors(clean.device)
    # a mirrored cell counts its offset from its other edge: what it gave lies at 2 * (grid + 0.5) * stride less that
    axis = (2 * grid[:, 0] + 1) * stride
    mirrored = torch.stack(
        [axis - other.corners[..., 2], other.corners[..., 1], axis - other.corners[..., 0], other.corners[..., 3]], -1
    )
    return Answer((one.objects + other.objects) / 2, (one.classes + other.classes) / 2, (one.corners + mirrored) / 2)


def _named(wanted: Answer, species: Tensor) -> Answer:
    """Where the folder names the animal, what looks like the other kind counts as that one."""
    grid, stride = _anchors(species.device)
    at = ((grid + 0.5) * stride[:, None]).long()
    known = species[:, at[:, 1], at[:, 0]]
    classes = wanted.classes.clone()
    pets = classes[..., :2].max(-1).values
    for name in (CAT, DOG):
        here = known == name
        classes[..., name] = torch.where(here, pets, classes[..., name])
        classes[..., 1 - name] = torch.where(here, torch.zeros_like(pets), classes[..., 1 - name])
    return Answer(wanted.objects, classes, wanted.corners)


def _only(labels: Tensor, classes: slice) -> Tensor:
    """Labels of these classes, numbered from 0; the others become none."""
    first, last = classes.start, classes.stop or CAT_HEAD + 2
    mine = (labels[..., 0] >= first) & (labels[..., 0] < last)
    return torch.where(
        mine[..., None], torch.cat([labels[..., :1] - first, labels[..., 1:]], -1), -torch.ones_like(labels)
    )


def _corrected(wanted: Answer, now: Answer, labels: Tensor) -> Answer:
    """Anchors that are responsible for a label (SimOTA, arXiv 2107.08430) answer for it."""
    owner, overlap = assigned(now, labels)
    taken = owner >= 0
    own = labels.gather(1, owner.clamp(0)[..., None].expand(-1, -1, 5))
    count = wanted.classes.shape[-1]
    named = nn.functional.one_hot(own[..., 0].clamp(0).long(), count) * overlap[..., None]
    return Answer(
        torch.where(taken, torch.ones_like(wanted.objects), wanted.objects),
        torch.where(taken[..., None], torch.maximum(named, wanted.classes), wanted.classes),
        torch.where(taken[..., None], own[..., 1:], wanted.corners),
    )


def assigned(now: Answer, labels: Tensor) -> tuple[Tensor, Tensor]:
    """For each anchor (n, a) the label that it is responsible for, -1 for none; and the overlap of its box with it."""
    grid, stride = _anchors(labels.device)
    centres = (grid + 0.5) * stride[:, None]
    valid = (labels[..., 0] >= 0)[..., None]
    middle = (labels[..., 1:3] + labels[..., 3:]) / 2
    near = ((centres - middle[:, :, None]).abs() < CENTRE_RADIUS * stride[:, None]).all(-1)
    inside = ((centres > labels[:, :, None, 1:3]) & (centres < labels[:, :, None, 3:])).all(-1)
    fit = ((near | inside) & valid).any(1, keepdim=True) & valid
    overlap = torch.where(fit, paired_iou(now.corners[:, None], labels[:, :, None, 1:]), 0.0)
    score = (now.objects[..., None] * now.classes).sqrt().clamp(1e-4, 1 - 1e-4)
    rest = torch.log1p(-score)
    logit = (score.log() - rest).transpose(1, 2)
    own = logit.gather(1, labels[..., :1].clamp(0).long().expand(-1, -1, logit.shape[2]))
    cost = -(rest.sum(-1)[:, None] + own) - 3 * (overlap + 1e-8).log() + FAR * ~(near & inside)
    cost = torch.where(fit, cost, torch.inf)
    many = overlap.topk(CANDIDATES, 2).values.sum(2).int().clamp(1)
    best, place = cost.topk(CANDIDATES, 2, largest=False)
    chosen = (torch.arange(CANDIDATES, device=labels.device) < many[..., None]) & best.isfinite()
    responsible = torch.zeros_like(fit).scatter(2, place, chosen)
    cheapest, owner = torch.where(responsible, cost, torch.inf).min(1)
    owner = torch.where(cheapest.isfinite(), owner, -1)
    return owner, overlap.gather(1, owner.clamp(0)[:, None])[:, 0]


def _apart(said: Said, wanted: Answer) -> list[Tensor]:
    """How far from what is wanted: scores, then boxes."""
    positive = wanted.objects.sum().clamp(1)
    objects = cross_entropy(said.objects, wanted.objects, reduction="sum")
    classes = cross_entropy(said.classes, wanted.classes, reduction="none").sum(-1)
    weight = wanted.objects * wanted.classes.max(-1).values
    weight = torch.where(weight > 0.02, weight, 0.0)
    boxes = (weight * (1 - paired_iou(said.corners, wanted.corners).square())).sum() / weight.sum().clamp(1)
    return [(objects + (classes * wanted.objects).sum()) / positive, 5 * boxes]


def _schedule(share: float, steps: int) -> float:
    fallen = LEAST_RATE + (1 - LEAST_RATE) * (1 + math.cos(math.pi * min(share, 1.0))) / 2
    return min(1.0, (steps + 1) / WARM_STEPS) * fallen


@torch.no_grad()
def _follow(averaged: Joined, network: Joined, keep: float) -> None:
    mine, theirs = ([v for v in n.state_dict().values() if v.dtype.is_floating_point] for n in (averaged, network))
    torch._foreach_lerp_(mine, theirs, 1 - keep)
