"""Embeddings of two views with a known fault, or with a harmless property that resembles one."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

import torch
from torch import Tensor

Pair = tuple[Tensor, Tensor | None]
World = Callable[[int, int], Pair]


def drawn(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def views(z: Tensor, noise: float = 0.3) -> tuple[Tensor, Tensor]:
    """Two views that differ from the sample by a share of its spread."""
    scale = noise * (z - z.mean(dim=0)).std()
    return tuple(z + scale * drawn(*z.shape, seed=seed) for seed in (91, 92))  # type: ignore[return-value]


def chosen(count: int, of: int) -> Tensor:
    return torch.randint(0, of, (count,), generator=torch.Generator().manual_seed(5))


def falling(samples: int, dim: int, exponent: float) -> Tensor:
    return drawn(samples, dim) * torch.arange(1, dim + 1).float().pow(-exponent)


def hundred_points(samples: int, dim: int) -> Pair:
    points = drawn(100, dim)[chosen(samples, 100)]
    return points + 0.01 * drawn(samples, dim, seed=1), points + 0.01 * drawn(samples, dim, seed=2)


def six_bits(samples: int, dim: int) -> Pair:
    bits = (chosen(samples, 64)[:, None] >> torch.arange(6) & 1).float()
    codes = (bits @ drawn(6, 256, seed=1)).relu() @ drawn(256, dim, seed=2)
    return codes, codes + 1e-6 * drawn(samples, dim, seed=3)


def wound_number(samples: int, dim: int) -> Pair:
    number = torch.rand(samples, 1, generator=torch.Generator().manual_seed(5)) * 2 * math.pi
    waves = torch.arange(1, dim // 2 + 1).float()

    def wound(t: Tensor) -> Tensor:
        return torch.cat([(t * waves).sin(), (t * waves).cos()], dim=1)

    return wound(number), wound(number + 0.2 / dim * drawn(samples, 1, seed=1))


def an_eighth_shared(samples: int, dim: int) -> Pair:
    shared = drawn(samples, dim // 8)
    own = [drawn(samples, dim - dim // 8, seed=seed) for seed in (1, 2)]
    return torch.cat([shared, own[0]], dim=1), torch.cat([shared, own[1]], dim=1)


def every_row_twice(samples: int, dim: int) -> Pair:
    one, other = views(drawn(samples // 2, dim))
    return one.repeat(2, 1), other.repeat(2, 1)


def half_copies(samples: int, dim: int) -> Pair:
    own = torch.arange(samples)
    own[samples // 2 :] = chosen(samples - samples // 2, samples // 2)
    one, other = views(drawn(samples, dim))
    return one[own], other[own]


def half_black(samples: int, dim: int) -> Pair:
    z = [view.clone() for view in views(drawn(samples, dim))]
    for view in z:
        view[samples // 2 :] = z[0][-1].clone()
    return z[0], z[1]


def random_codes(samples: int, dim: int) -> Pair:
    z = drawn(samples, dim)
    return z, z.clone()


def noise_of_one_view(samples: int, dim: int) -> Pair:
    return drawn(samples, dim), None


def half_dead(samples: int, dim: int) -> Pair:
    alive = torch.arange(dim) < dim // 2
    one, other = views(drawn(samples, dim))
    return one * alive, other * alive


FAULTY: Mapping[str, World] = {
    "few points": hundred_points,
    "few points of bits": six_bits,
    "low intrinsic dimension": wound_number,
    "little shared between views": an_eighth_shared,
    "duplicates": every_row_twice,
    "duplicates of some": half_copies,
    "duplicates of one": half_black,
    "duplicates as views": random_codes,
    "dead dimensions": half_dead,
    "no collapse seen": noise_of_one_view,
}
"""The verdict and, after "of" or "as", which case it is."""


def isotropic(samples: int, dim: int) -> Pair:
    return views(drawn(samples, dim))


def noisy_views(samples: int, dim: int) -> Pair:
    return views(drawn(samples, dim), 0.8)


def power_law(samples: int, dim: int) -> Pair:
    return views(falling(samples, dim, 0.5))


def steep_power_law(samples: int, dim: int) -> Pair:
    return views(falling(samples, dim, 0.75), 0.2)


def after_relu(samples: int, dim: int) -> Pair:
    one, other = views(drawn(samples, dim))
    return one.relu(), other.relu()


def clusters(samples: int, dim: int) -> Pair:
    spread = drawn(100, dim)[chosen(samples, 100)] + 0.4 * drawn(samples, dim, seed=2)
    return views(spread, 0.2)


def text_like(samples: int, dim: int) -> Pair:
    rows = torch.nn.functional.normalize(falling(samples, dim, 0.3), dim=1)
    center = torch.zeros(dim)
    center[0] = 5
    one, other = views(rows)
    return one + center, other + center


def strong_center(samples: int, dim: int) -> Pair:
    one, other = text_like(samples, dim)
    center = torch.zeros(dim)
    center[0] = 20
    return one + center, None if other is None else other + center


def two_dimensions(samples: int, dim: int) -> Pair:
    return views(drawn(samples, 2), 0.1)


def eight_dimensions(samples: int, dim: int) -> Pair:
    return views(drawn(samples, 8), 0.1)


def sixty_sounds(samples: int, dim: int) -> Pair:
    return views(falling(60, dim, 0.5))


SOUND: Mapping[str, World] = {
    world.__name__: world
    for world in (
        isotropic,
        noisy_views,
        power_law,
        steep_power_law,
        after_relu,
        clusters,
        text_like,
        strong_center,
        two_dimensions,
        eight_dimensions,
        sixty_sounds,
    )
}
