"""What a view shows without an encoder: its raw values, and a few statistics of them."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional as F

from nearfar.inputs import Nodes, Sequences, Texts, Tokens, View

__all__ = ["raw_values", "statistics"]

_SIDE = 32  # larger pictures are pooled
_STEPS = 128


def raw_values(view: View) -> Float[Tensor, "samples features"] | None:
    """The values of each sample of a view; None if it has none, such as texts without tokens.

    Pictures are pooled to 32 pixels, series resampled to 128 steps; texts are bags of their tokens,
    weighted by rarity; nodes are their own features.
    """
    if isinstance(view, Tensor):
        return _of_tensor(view)
    if isinstance(view, Sequences):
        return _of_series(view)
    if isinstance(view, Tokens):
        return _bags(view)
    return view.rows().float() if isinstance(view, Nodes) else None


def _of_tensor(view: Tensor) -> Tensor | None:
    if view.ndim == 4:
        small = view if view.shape[-1] <= _SIDE else F.adaptive_avg_pool2d(view.float(), _SIDE)
        return small.float().flatten(1)
    if view.ndim == 3:
        return _of_series(Sequences(view))
    return view.float() if view.ndim == 2 else None


def _of_series(view: Sequences) -> Tensor:
    lines = [
        F.interpolate(series[None].float(), size=_STEPS, mode="linear", align_corners=True)
        for series in view.unpadded()
    ]
    return torch.cat(lines).flatten(1)


def _bags(view: Tokens) -> Tensor:
    """Counts of tokens, by the square root and by their rarity among the samples."""
    known, places = torch.unique(view.ids, return_inverse=True)
    counts = torch.zeros(len(view), len(known), device=view.ids.device)
    counts.scatter_add_(1, places, view.mask().float())
    rarity = (len(view) / (counts > 0).sum(dim=0).clamp_min(1)).log()
    return counts.sqrt() * rarity


def statistics(view: View) -> Float[Tensor, "samples statistics"] | None:
    """Low-level statistics of each sample of a view; None if none are known for its kind.

    Pictures: mean, deviation and extremes of each channel, and the mean of its border. Series and
    sounds: length, mean, loudness and peak of each channel. Texts: length, number of different
    tokens; without tokens, characters and words. Nodes: degree, number of features. Vectors: mean,
    deviation, extremes.
    """
    if isinstance(view, Tensor) and view.ndim == 4:
        return _of_pictures(view.float())
    if isinstance(view, Tensor) and view.ndim == 2:
        return _moments(view.float()[:, None])
    if isinstance(view, Tensor) and view.ndim == 3:
        view = Sequences(view)
    if isinstance(view, Sequences):
        return _of_sounds(view)
    if isinstance(view, Tokens):
        rows = zip(view.ids, view.lengths.tolist(), strict=True)
        different = [float(len(torch.unique(ids[:length]))) for ids, length in rows]
        lengths = view.lengths.float()
        return torch.stack([lengths, torch.tensor(different, device=lengths.device)], dim=1)
    if isinstance(view, Texts):
        sizes = [(float(len(text)), float(len(text.split()))) for text in view.strings]
        return torch.tensor(sizes)
    if isinstance(view, Nodes):
        degrees = torch.bincount(view.edges[1], minlength=len(view.features))[view.targets]
        present = (view.rows() != 0).sum(dim=1)
        return torch.stack([degrees, present], dim=1).float()
    return None


def _moments(values: Tensor) -> Tensor:
    """Mean, deviation and extremes of each channel."""
    return torch.cat(
        [
            values.mean(dim=2),
            values.std(dim=2, correction=0),
            values.amin(dim=2),
            values.amax(dim=2),
        ],
        dim=1,
    )


def _of_pictures(pictures: Tensor) -> Tensor:
    edges = (pictures[..., 0], pictures[..., -1], pictures[..., 0, :], pictures[..., -1, :])
    border = torch.cat(edges, dim=-1).mean(dim=-1)
    return torch.cat([_moments(pictures.flatten(2)), border], dim=1)


def _of_sounds(view: Sequences) -> Tensor:
    rows = []
    for values, length in zip(view.unpadded(), view.extents().tolist(), strict=True):
        found = [values.mean(dim=1), values.square().mean(dim=1).sqrt(), values.abs().amax(dim=1)]
        rows.append(torch.cat([*found, values.new_tensor([float(length)])]))
    return torch.stack(rows).float()
