"""Views of pairs: each half by its own views, members drawn anew."""

from __future__ import annotations

import pytest
import torch

from nearfar.inputs import Group, Images, Pair, Signal, Texts
from nearfar.views import (
    ImageViews,
    PairViews,
    PlainViews,
    TextViews,
    Tokenizer,
    VectorViews,
    Views,
)


def image_views(**settings: object) -> ImageViews:
    return ImageViews(size=8, channels=1, num_views=1, **settings)  # type: ignore[arg-type]


def pairs(rows: int = 6) -> Pair:
    pixels = torch.rand(rows, 1, 12, 12, generator=torch.Generator().manual_seed(0))
    return Pair(Images(pixels), Images(pixels))


def test_pairviews_are_views() -> None:
    assert isinstance(PairViews(image_views(), image_views()), Views)
    assert isinstance(PlainViews(image_views()), Views)


def test_each_half_is_shown_by_its_own_views() -> None:
    texts = ["a b c", "d e"]
    tokenizer = Tokenizer.fit(texts, min_frequency=1)
    views = PairViews(image_views(), PlainViews(TextViews(tokenizer)), marked=True)
    pair = Pair(torch.rand(2, 1, 12, 12), Texts(tuple(texts)))
    x, s = views(pair, torch.arange(2), seed=0, epoch=0)
    assert x.shape == (2, 1, 8, 8)  # type: ignore[union-attr]
    assert isinstance(s, Signal)
    assert tokenizer.decode(s.view) == texts


def test_the_halves_draw_differently_even_of_the_same_image() -> None:
    x, s = PairViews(image_views(), image_views())(pairs(), torch.arange(6), seed=0, epoch=0)
    assert not torch.equal(x, s)


def test_views_do_not_depend_on_the_batch() -> None:
    views, samples = PairViews(image_views(), image_views()), torch.arange(10, 16)
    whole = views(pairs(), samples, seed=3, epoch=2)
    rows = torch.tensor([4, 1])
    part = views(pairs().select(rows), samples[rows], seed=3, epoch=2)
    for one, other in zip(whole, part, strict=True):
        torch.testing.assert_close(one[rows], other)


def group(rows: int, size: int) -> Group:
    return Group(torch.arange(rows * size, dtype=torch.float32)[:, None], size)


def plain_numbers() -> PlainViews:
    return PlainViews(VectorViews(mean=(0.0,), std=(1.0,), mask=0.0, noise=0.0))


def test_two_different_members_are_drawn_every_ordered_pair_alike() -> None:
    rows, size = 6_000, 4
    views = PairViews(plain_numbers(), plain_numbers())
    x, s = views(group(rows, size), torch.arange(rows), seed=0, epoch=0)
    first, second = (v[:, 0].long() % size for v in (x, s))
    assert torch.equal(x[:, 0].long() // size, torch.arange(rows))
    assert not bool((first == second).any())
    counts = torch.bincount(first * size + second, minlength=size * size).view(size, size)
    off = counts[~torch.eye(size, dtype=torch.bool)].double()
    expected = rows / (size * (size - 1))
    assert float(((off - expected) ** 2 / expected).sum()) < 31.3  # chi-squared, 11 df, 0.1 %


def test_members_are_drawn_anew_in_each_epoch_and_not_by_batch() -> None:
    views, samples = PairViews(plain_numbers(), plain_numbers()), torch.arange(50)
    first = views(group(50, 5), samples, seed=1, epoch=0)
    assert not torch.equal(first[0], views(group(50, 5), samples, seed=1, epoch=1)[0])
    rows = torch.tensor([7, 3])
    part = views(group(50, 5).select(rows), samples[rows], seed=1, epoch=0)
    for one, other in zip(first, part, strict=True):
        assert torch.equal(one[rows], other)


def test_in_turns_the_signal_comes_first_in_every_other_epoch() -> None:
    views = PairViews(plain_numbers(), plain_numbers(), marked=True, turns=True)
    pair = Pair(torch.zeros(2, 1), torch.ones(2, 1))
    for epoch, expected in enumerate([False, True, False]):
        first, second = views(pair, torch.arange(2), seed=0, epoch=epoch)
        assert isinstance(first, Signal) is expected
        assert isinstance(second, Signal) is not expected


def test_plain_shows_inputs_first_members_and_a_side_that_comes_alone() -> None:
    tokenizer = Tokenizer.fit(["a b"], min_frequency=1)
    texts = PlainViews(TextViews(tokenizer))
    views = PairViews(image_views(), texts, marked=True, signals=(Texts,))
    pixels = torch.rand(2, 1, 12, 12)
    plain = views.plain(Pair(pixels, Texts(("a", "b"))))
    assert torch.equal(plain, views.plain(pixels))  # type: ignore[arg-type]
    alone = views.plain(Texts(("a", "b")))
    assert isinstance(alone, Signal)
    assert tokenizer.decode(alone.view) == ["a", "b"]
    members = PairViews(plain_numbers(), plain_numbers()).plain(group(3, 4))
    assert members.flatten().tolist() == [0.0, 4.0, 8.0]  # type: ignore[union-attr]


def test_views_that_show_a_sample_twice_are_refused() -> None:
    with pytest.raises(ValueError, match="`s` must have one view per sample, got 2"):
        PairViews(image_views(), ImageViews(size=8, channels=1))


def test_groups_are_cut_joined_and_moved_by_sample() -> None:
    whole = group(5, 3)
    assert len(whole) == 5
    assert whole.select(torch.tensor([4, 0])).members.flatten().tolist() == [12, 13, 14, 0, 1, 2]
    assert whole.select(slice(1, 2)).members.flatten().tolist() == [3, 4, 5]
    joined = Group.join([whole.select(slice(0, 2)), whole.select(slice(2, 5))])
    assert torch.equal(joined.members, whole.members)  # type: ignore[arg-type]
    assert whole.to("cpu", torch.float64).members.dtype == torch.float64  # type: ignore[union-attr]
