"""One record for every preset of ``nearfar.methods``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from nearfar.methods import (
    Method,
    RunFacts,
    alignment_uniformity,
    amdim,
    autoencoder,
    barlow_twins,
    byol,
    cpc,
    cpc_v2,
    curl,
    deep_graph_infomax,
    deep_infomax,
    moco_v1,
    moco_v2,
    multiview,
    simclr,
    simsiam,
    simsiam_anatomy,
    simsiam_expectation,
    simsiam_gradient,
    swav,
    vicreg,
)
from nearfar.modules import ConvNet, StridedEncoder
from nearfar.testing._method_contract import MethodContract

BATCH, SIDE, WIDTH = 8, 16, 32


def encoder() -> ConvNet:
    return ConvNet(channels=1, width=WIDTH // 8)


def two_views() -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(3)
    images = torch.rand(BATCH, 1, SIDE, SIDE, generator=generator)
    noise = torch.rand(BATCH, 1, SIDE, SIDE, generator=generator)
    return images, 0.8 * images + 0.2 * noise


def one_sequence_view() -> tuple[Tensor]:
    """64 numbers, 16 steps of the encoder."""
    return (torch.randn(BATCH, 1, 64, generator=torch.Generator().manual_seed(3)),)


def three_views() -> tuple[Tensor, ...]:
    generator = torch.Generator().manual_seed(4)
    first, second = two_views()
    return first, second, 0.5 * (first + torch.rand(first.shape, generator=generator))


def multi_crop_views() -> tuple[Tensor, ...]:
    """Two large views, three small ones."""
    large = two_views()
    return *large, *(large[0][:, :, i : i + 8, i : i + 8] for i in (0, 4, 8))


def indexed_views() -> tuple[Tensor, ...]:
    return *two_views(), torch.arange(BATCH) + 1


def one_grid_of_patches() -> tuple[Tensor]:
    """4 × 4 patches of 8 × 8 pixels."""
    generator = torch.Generator().manual_seed(3)
    return (torch.rand(BATCH, 4, 4, 1, 8, 8, generator=generator),)


def layer_encoder() -> ConvNet:
    return ConvNet(channels=1, width=WIDTH // 8, norm="layer")


def step_encoder() -> StridedEncoder:
    return StridedEncoder(width=16, context=WIDTH, strides=(2, 2))


def case(
    name: str,
    make: Callable[[], Method],
    *,
    views: tuple[Tensor, ...] | None = None,
    **promises: Any,
) -> MethodContract:
    """A preset at a small size; shown two views if nothing else is given."""
    return MethodContract(make, name=name, views=views or two_views(), **promises)


CASES = (
    case(
        "autoencoder",
        lambda: autoencoder(encoder(), WIDTH, facts=RunFacts(signal_dim=SIDE**2)),
        views=two_views()[:1],
    ),
    case(
        "alignment_uniformity",
        lambda: alignment_uniformity(
            encoder(), WIDTH, dim=8, contrastive_weight=0.5, learn_temperature=True
        ),
    ),
    case("barlow_twins", lambda: barlow_twins(encoder(), WIDTH, hidden=16)),
    case("byol", lambda: byol(encoder(), WIDTH, dim=8), fixed=("target.",)),
    case("amdim", lambda: amdim(encoder(), WIDTH, dim=8)),
    case(
        "cpc",
        lambda: cpc(step_encoder(), WIDTH, steps=3, facts=RunFacts(length=64)),
        chance=4.852030263919617,  # ln (8 · 16)
        views=one_sequence_view(),
    ),
    case(
        "cpc_v2",
        lambda: cpc_v2(layer_encoder(), WIDTH, dim=8, hidden=8, blocks=2, facts=RunFacts(rows=4)),
        chance=4.852030263919617,  # ln (8 · 4²)
        views=one_grid_of_patches(),
    ),
    case(
        "curl",
        lambda: curl(encoder(), WIDTH, num_negatives=None, radius=1.0),
        chance=3.0,  # log₂ 8
        views=three_views(),
    ),
    case(
        "deep_infomax",
        lambda: deep_infomax(
            encoder(),
            WIDTH,
            dim=8,
            units=16,
            global_weight=0.5,
            estimator="jensen_shannon",
        ),
        chance=2.1487562597358306,  # (1 + ½)·2 ln 2 + ln 2 / 10
        views=two_views()[:1],
    ),
    case(
        "deep_graph_infomax",
        lambda: deep_graph_infomax(encoder(), WIDTH),
        chance=0.6931471805599453,  # ln 2
    ),
    case(
        "moco_v1",
        lambda: moco_v1(encoder(), WIDTH, dim=8, queue_size=32),
        contrasts=1,
        fixed=("target.",),
        chance=3.4965075614664802,  # ln 33
    ),
    case(
        "moco_v2",
        lambda: moco_v2(encoder(), WIDTH, dim=8, queue_size=32, key_splits=2),
        contrasts=1,
        fixed=("target.",),
        chance=3.4965075614664802,
    ),
    case(
        "multiview",
        lambda: multiview(
            encoder(),
            WIDTH,
            dim=8,
            facts=RunFacts(signal_dim=SIDE**2),
            forward_weight=0.01,
            inverse_weight=0.5,
        ),
        contrasts=1,
    ),
    case(
        "simclr",
        lambda: simclr(encoder(), WIDTH, dim=8, temperature=0.5),
        contrasts=1,
        chance=2.70805020110221,  # ln 15
    ),
    case("simsiam", lambda: simsiam(encoder(), WIDTH)),
    case("simsiam_anatomy", lambda: simsiam_anatomy(encoder(), WIDTH)),
    case(
        "simsiam_expectation",
        lambda: simsiam_expectation(encoder(), WIDTH, facts=RunFacts(samples=12)),
        views=indexed_views(),
    ),
    case("simsiam_gradient", lambda: simsiam_gradient(encoder(), WIDTH, keep_residual=False)),
    case(
        "swav",
        lambda: swav(encoder(), WIDTH, dim=8, prototypes=6, queue_size=8, queue_start=0.0),
        chance=1.791759469228055,  # ln 6
        views=multi_crop_views(),
    ),
    case("vicreg", lambda: vicreg(encoder(), WIDTH, hidden=16)),
)
