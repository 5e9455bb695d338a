"""Gradients against autograd, and the center's coefficient in an extra gradient."""

from __future__ import annotations

from typing import Any

__all__ = ["decentering", "identities"]

_VIEWS = 128  # of which the ideal predictor is the mean
_ETAS = [k / 40 for k in range(-48, 13)]


def identities(loss: str, temperature: float, samples: int, dim: int, seed: int) -> float:
    """Largest deviation of autograd from the closed form, through the normalization."""
    import torch

    from nearfar import objectives, theory

    generator = torch.Generator().manual_seed(seed)
    own, other, more = torch.randn(3, samples, dim, generator=generator, dtype=torch.float64)
    own = (own / own.norm(dim=1, keepdim=True)).requires_grad_()
    value, closed = {
        "SimSiam": lambda: (
            objectives.negative_cosine_loss(own, other),
            theory.simsiam_negative_gradient(other, more),
        ),
        "triplet": lambda: (
            objectives.cosine_triplet_loss(own, other, more, margin=3.0),
            theory.triplet_negative_gradient(other, more),
        ),
        "InfoNCE": lambda: (
            objectives.info_nce_loss(own, other, temperature=temperature),
            theory.info_nce_negative_gradient(own, other, temperature=temperature),
        ),
    }[loss]()
    (gradient,) = torch.autograd.grad(value, own)
    closed = theory.tangent(closed, own.detach())
    return float((-samples * gradient - closed).abs().max() / closed.abs().max())


def decentering(
    *, extra: str, noise: float, temperature: float, samples: int, dim: int, seed: int
) -> dict[str, Any]:
    """The η at which the extra gradient's mean, less η times the center, is orthogonal to it."""
    import torch

    from nearfar import theory
    from nearfar.ops import to_sphere

    generator = torch.Generator().manual_seed(seed)
    instances = torch.randn(samples, dim, generator=generator, dtype=torch.float64) / dim**0.5
    instances[:, 0] += 1  # the common center

    def view() -> torch.Tensor:
        one = torch.randn(samples, dim, generator=generator, dtype=torch.float64)
        return to_sphere(instances + noise * one / dim**0.5)

    first, second = view(), view()
    ideal = torch.stack([view() for _ in range(_VIEWS)]).mean(dim=0)
    vectors, gradient = {
        "ideal predictor": lambda: (ideal, theory.simsiam_extra_gradient(second, ideal)),
        "no predictor": lambda: (second, theory.simsiam_extra_gradient(second, second)),
        "triplet": lambda: (second, theory.triplet_extra_gradient(second.roll(1, dims=0))),
        "InfoNCE": lambda: (
            first,
            theory.info_nce_extra_gradient(first, second, temperature=temperature),
        ),
    }[extra]()
    curve = theory.decentering_curve(gradient, vectors, etas=_ETAS)
    return {
        "crossing": curve.crossing,
        "of_projections": theory.decentering_curve(gradient, second).crossing,
        "center": float(theory.center_and_residual(second).center.norm()),
        "curve": [{"η": e, "cosine": c} for e, c in zip(curve.etas, curve.cosines, strict=True)],
    }
