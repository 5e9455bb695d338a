"""One record for every class of views, and every kind of inputs it takes."""

from __future__ import annotations

import torch
from torch import Tensor

from nearfar.inputs import Group, Images, Nodes, Pair, Sequences, Texts
from nearfar.testing._check_views import ViewsContract
from nearfar.views import (
    CustomViews,
    GraphViews,
    ImageViews,
    PairViews,
    PatchViews,
    PlainViews,
    SequenceViews,
    TextViews,
    Tokenizer,
    VectorViews,
    WithIndex,
)

WORDS = ["red", "blue", "green", "wolf", "bear", "horse", "forest", "colour"]
TEXTS = tuple(" ".join(WORDS[i % 5 : i % 5 + 2 + i % 3]) for i in range(8))
TOKENIZER = Tokenizer.fit(TEXTS, min_frequency=1)


def source() -> torch.Generator:
    return torch.Generator().manual_seed(0)


def pixels(*, channels: int = 3, side: int = 20) -> Tensor:
    return torch.randint(0, 256, (6, channels, side, side), generator=source(), dtype=torch.uint8)


def unequal_images() -> Images:
    sides = [(20, 16), (11, 24), (12, 12), (10, 10), (30, 11), (16, 13)]
    return Images.of([torch.rand(3, *extent, generator=source()) for extent in sides])


def recordings() -> Sequences:
    lengths = [60, 100, 30, 80, 45, 64]
    return Sequences.of([torch.randn(1, n, generator=source()) for n in lengths])


def graph() -> Nodes:
    edges = torch.randint(0, 12, (2, 40), generator=source())
    both = torch.cat([edges, edges.flip(0)], dim=1)
    return Nodes(torch.rand(12, 5, generator=source()), both, torch.arange(0, 12, 2))


def vectors() -> Tensor:
    return torch.randn(6, 10, generator=source(), dtype=torch.float64)


def noisy(image: Tensor) -> Tensor:
    return image / 255 + torch.rand(image.shape)


def gray_views() -> ImageViews:
    return ImageViews(size=12, channels=1, num_views=1, rotation=20.0)


VIEW_CASES = [
    ViewsContract(ImageViews(size=16), inputs=pixels()),
    ViewsContract(ImageViews(size=16), inputs=unequal_images(), name="ImageViews of unequal sizes"),
    ViewsContract(
        ImageViews(size=16, num_views=1, small_views=2, small_size=8),
        inputs=pixels().float() / 255,
        name="ImageViews with small crops of floating-point images",
    ),
    ViewsContract(PatchViews(size=24, patch=8), inputs=pixels()),
    ViewsContract(CustomViews(noisy, size=20, channels=3), inputs=pixels()),
    ViewsContract(SequenceViews(length=40, noise=0.1), inputs=recordings()),
    ViewsContract(TextViews(TOKENIZER, erase=0.3), inputs=Texts(TEXTS)),
    ViewsContract(GraphViews(), inputs=graph(), drawn_by=("seed", "epoch", "view")),
    ViewsContract(
        VectorViews(mean=(0.0,) * 10, std=(1.0,) * 10, marginals=[[-1.0, 0.0, 2.0]] * 10),
        inputs=vectors(),
    ),
    ViewsContract(
        PairViews(gray_views(), gray_views()),
        inputs=Pair(Images(pixels(channels=1)), Images(pixels(channels=1))),
    ),
    ViewsContract(
        PairViews(gray_views(), PlainViews(TextViews(TOKENIZER)), marked=True, turns=True),
        inputs=Pair(Images(pixels(channels=1)), Texts(TEXTS[:6])),
        name="PairViews of two kinds, in turns",
    ),
    ViewsContract(
        PairViews(gray_views(), gray_views()),
        inputs=Group(pixels(channels=1).repeat(2, 1, 1, 1), 3),
        name="PairViews of groups",
        samples=torch.tensor([4, 9, 2, 30]),
    ),
    ViewsContract(PlainViews(gray_views()), inputs=pixels(channels=1), drawn_by=()),
    ViewsContract(WithIndex(ImageViews(size=16)), inputs=pixels()),
]
