"""Second lesson: labels assigned to anchors (SimOTA, arXiv 2107.08430), IoU for boxes, cross-entropy for scores."""

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits as cross_entropy

from training.detector.boxes import anchors
from training.detector.data import CAT, DOG
from training.detector.teacher import SIDE
from training.detector.views import View

CENTRE_RADIUS = 2.5
CANDIDATES = 10


def total(maps: list[Tensor], views: list[View]) -> Tensor:
    """Mean loss of a batch; ``maps`` are the network's three outputs."""
    table = torch.cat([m.flatten(2) for m in maps], 2).transpose(1, 2)
    grid, stride = (torch.from_numpy(a) for a in anchors(SIDE))
    losses, count = table.new_zeros(()), 0
    for raw, shown in zip(table, views, strict=True):
        corners = decoded(raw[:, :4], grid, stride)
        labels = torch.from_numpy(shown.labels)
        chosen, owner, overlap = assign(raw.detach(), corners.detach(), labels, grid, stride)
        losses = losses + _scores(raw, shown, labels, chosen, owner, overlap, grid, stride)
        if len(chosen):
            losses = losses + 5.0 * (1 - paired_iou(corners[chosen], labels[owner, 1:]).square()).sum()
        count += len(chosen)
    return losses / max(count, 1)


def decoded(raw: Tensor, grid: Tensor, stride: Tensor) -> Tensor:
    """(n, 4) raw -> (n, 4) corners."""
    centre = (raw[:, :2] + grid) * stride[:, None]
    half = raw[:, 2:4].clamp(-8, 8).exp() * stride[:, None] / 2
    return torch.cat([centre - half, centre + half], 1)


def paired_iou(one: Tensor, other: Tensor) -> Tensor:
    """Row by row."""
    low, high = torch.maximum(one[..., :2], other[..., :2]), torch.minimum(one[..., 2:], other[..., 2:])
    shared = (high - low).clamp(0).prod(-1)
    area = (one[..., 2:] - one[..., :2]).prod(-1) + (other[..., 2:] - other[..., :2]).prod(-1) - shared
    return shared / area.clamp(1e-6)


def assign(raw: Tensor, corners: Tensor, labels: Tensor, grid: Tensor, stride: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Anchors that are responsible, the label of each, and its overlap."""
    nothing = torch.zeros(0, dtype=torch.long)
    if not len(labels):
        return nothing, nothing, torch.zeros(0)
    centres = (grid + 0.5) * stride[:, None]
    middle = (labels[:, 1:3] + labels[:, 3:5]) / 2
    near = ((centres[None] - middle[:, None]).abs() < CENTRE_RADIUS * stride[None, :, None]).all(-1)
    inside = ((centres[None] > labels[:, None, 1:3]) & (centres[None] < labels[:, None, 3:5])).all(-1)
    fit = near.any(0) | inside.any(0)
    columns = fit.nonzero().squeeze(1)
    overlap = paired_iou(corners[columns][None], labels[:, None, 1:])
    score = (raw[columns, 4:5].sigmoid() * raw[columns, 5:].sigmoid()).sqrt()
    classes = torch.nn.functional.one_hot(labels[:, 0].long(), score.shape[1]).float()
    doubt = torch.nn.functional.binary_cross_entropy(
        score[None].expand(len(labels), -1, -1),
        classes[:, None].expand(-1, len(columns), -1),
        reduction="none",
    ).sum(-1)
    cost = doubt - 3 * (overlap + 1e-8).log() + 1e5 * ~(near & inside)[:, columns]
    taken = torch.zeros_like(cost, dtype=torch.bool)
    many = overlap.topk(min(CANDIDATES, len(columns)), 1).values.sum(1).int().clamp(1)
    for row, number in enumerate(many.tolist()):
        taken[row, cost[row].topk(number, largest=False).indices] = True
    twice = taken.sum(0) > 1
    if twice.any():
        best = cost[:, twice].argmin(0)
        taken[:, twice] = False
        taken[best, twice.nonzero().squeeze(1)] = True
    owner, place = taken.nonzero(as_tuple=True)
    return columns[place], owner, overlap[owner, place]


def _scores(
    raw: Tensor,
    shown: View,
    labels: Tensor,
    chosen: Tensor,
    owner: Tensor,
    overlap: Tensor,
    grid: Tensor,
    stride: Tensor,
) -> Tensor:
    """Objectness on all anchors but those that may hide an unlabelled head; classes on the responsible ones."""
    wanted = torch.zeros(len(raw))
    wanted[chosen] = 1.0
    known = torch.ones(len(raw))
    centres = (grid + 0.5) * stride[:, None]
    known[_doubtful(centres, shown)] = 0.0
    known[chosen] = 1.0
    objectness = (cross_entropy(raw[:, 4], wanted, reduction="none") * known).sum()
    if not len(chosen):
        return objectness
    classes = torch.nn.functional.one_hot(labels[owner, 0].long(), raw.shape[1] - 5).float() * overlap[:, None]
    return objectness + cross_entropy(raw[chosen, 5:], classes, reduction="sum")


def _doubtful(centres: Tensor, shown: View) -> Tensor:
    """Anchors in areas where an animal was not found; and inside bodies in areas whose heads nobody labelled."""
    bodies = shown.labels[np.isin(shown.labels[:, 0], (CAT, DOG)), 1:].tolist()
    doubt = torch.zeros(len(centres), dtype=torch.bool)
    for name, x0, y0, x1, y1 in shown.unknown.tolist():
        for bx0, by0, bx1, by1 in [(x0, y0, x1, y1)] if name in (CAT, DOG) else bodies:
            low = torch.tensor([max(x0, bx0), max(y0, by0)])
            high = torch.tensor([min(x1, bx1), min(y1, by1)])
            doubt |= ((centres > low) & (centres < high)).all(1)
    return doubt
