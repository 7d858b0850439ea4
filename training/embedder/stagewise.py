"""Stagewise: a trunk of random weights in, one whose layers give what the teacher's layers give out.

Each layer gets the teacher's map as its input and learns the teacher's next map, so every problem is small
and convex in the layer's weights: what lies between 0 and 6 is fitted, what the teacher clamped only has to
lie beyond the clamp.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from training.embedder.network import Layer, Trunk
from training.embedder.samples import LayerSamples, images_of, sample, stage_inputs
from training.embedder.teacher import Teacher

ROUNDS = 30
CHUNK = 8192
DAMPING = 1e-4


def collect(
    trunk: Trunk, teacher: Teacher, pixels: np.ndarray, chance: np.random.Generator, batch: int = 8
) -> list[LayerSamples]:
    """Samples for every layer of ``trunk`` from uint8 views [n, 224, 224, 3]."""
    found = [LayerSamples() for _ in trunk.layers]
    shapes = [layer.shape for layer in trunk.layers]
    for start in range(0, len(pixels), batch):
        some = pixels[start : start + batch]
        maps = teacher.maps(some)
        for index, entering in enumerate(stage_inputs(images_of(some), maps, shapes)):
            seen, given = sample(trunk.layers[index], entering, torch.from_numpy(maps[index]), chance)
            found[index].seen.append(seen)
            found[index].given.append(given)
    return found


@torch.no_grad()
def fit(layer: Layer, samples: LayerSamples) -> float:
    """Train ``layer`` on ``samples`` by damped Newton steps with momentum (Nesterov, restarted row by row).

    Returns:
        The mean square error that is left, over the variance of what the teacher gave.
    """
    seen, given = torch.cat(samples.seen), torch.cat(samples.given)
    weight, ahead = _rows(layer), _rows(layer)
    curvature = _inverse_curvature(seen, layer)
    left = 0.0
    for turn in range(ROUNDS):
        slope, left = _slope(seen, given, ahead, layer)
        step = torch.matmul(slope[:, None, :], curvature)[:, 0] if layer.shape.depthwise else slope @ curvature
        moved = ahead - step
        uphill = ((moved - weight) * slope).sum(1, keepdim=True) > 0
        ahead = torch.where(uphill, moved, moved + (moved - weight) * (turn / (turn + 3)))
        weight = moved
    layer.conv.weight.copy_(weight[:, :-1].reshape(layer.conv.weight.shape))
    layer.conv.bias.copy_(weight[:, -1])
    return left / float(given.float().var())


def _rows(layer: Layer) -> Tensor:
    """Weights and bias of each output channel as one row, [outputs, fan-in + 1]."""
    return torch.cat((layer.conv.weight.flatten(1), layer.conv.bias[:, None]), dim=1)


def _with_one(seen: Tensor) -> Tensor:
    return torch.cat((seen, torch.ones(*seen.shape[:-1], 1)), dim=-1)


def _apply(inputs: Tensor, rows: Tensor) -> Tensor:
    return inputs @ rows.T if inputs.ndim == 2 else torch.einsum("nck,ck->nc", inputs, rows)


def _slope(seen: Tensor, given: Tensor, rows: Tensor, layer: Layer) -> tuple[Tensor, float]:
    """Slope of half the mean square error in ``rows``, and that mean square error."""
    slope, square = torch.zeros_like(rows), 0.0
    for some, target in zip(seen.split(CHUNK), given.split(CHUNK), strict=True):
        inputs = _with_one(some.float())
        residual = _residual(_apply(inputs, rows), target.float(), layer)
        square += float(residual.square().sum())
        slope += residual.T @ inputs if inputs.ndim == 2 else torch.einsum("nc,nck->ck", residual, inputs)
    return slope / len(seen), square / given.numel()


def _residual(answer: Tensor, target: Tensor, layer: Layer) -> Tensor:
    """What is wrong with ``answer``: nothing where both lie beyond the same end of the clamp."""
    residual = answer - target
    if not layer.shape.clamped:
        return residual
    low, high = (target <= 0) & (answer < 0), (target >= target.max()) & (answer > target)
    return residual.masked_fill(low | high, 0)


def _inverse_curvature(seen: Tensor, layer: Layer) -> Tensor:
    """Inverse of the inputs' second moments: [k, k], or [channels, k, k] where the layer is depthwise."""
    moments = torch.zeros(())
    for some in seen.split(CHUNK):
        inputs = _with_one(some.float())
        inputs = inputs.transpose(0, 1) if layer.shape.depthwise else inputs
        moments = moments + inputs.transpose(-1, -2) @ inputs / len(seen)
    scale = moments.diagonal(dim1=-2, dim2=-1).mean(-1)[..., None, None]
    damped = moments + (DAMPING * scale + 1e-6) * torch.eye(moments.shape[-1])
    return torch.linalg.inv(damped.double()).float()
