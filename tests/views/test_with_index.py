"""One integer per sample, whatever its batch."""

from __future__ import annotations

import pytest
import torch

from nearfar.inputs import move
from nearfar.views import ImageViews, PatchViews, Views, WithIndex


def images(count: int = 4) -> torch.Tensor:
    return torch.randint(0, 256, (count, 1, 8, 8), dtype=torch.uint8)


@pytest.mark.parametrize("views", [ImageViews(size=8, channels=1), PatchViews(size=8, channels=1)])
def test_the_views_are_those_of_the_other_and_one_more(views: Views) -> None:
    with_index = WithIndex(views)
    assert isinstance(with_index, Views)
    assert with_index.num_views == views.num_views + 1
    assert with_index.notes == views.notes
    shown, samples = images(), torch.tensor([7, 0, 3, 12])
    made = with_index(shown, samples, seed=1, epoch=2)
    assert len(made) == with_index.num_views
    for one, other in zip(made, views(shown, samples, seed=1, epoch=2), strict=False):
        assert torch.equal(one, other)
    assert torch.equal(with_index.plain(shown), views.plain(shown))


def test_each_sample_has_its_index_unless_told_otherwise() -> None:
    samples = torch.tensor([7, 0, 3, 12])
    *_, index = WithIndex(ImageViews(size=8, channels=1))(images(), samples, seed=0, epoch=0)
    assert torch.equal(index, samples)
    assert index.dtype == torch.int64
    values = torch.arange(13) ** 2
    *_, own = WithIndex(ImageViews(size=8, channels=1), values)(images(), samples, seed=0, epoch=0)
    assert own.tolist() == [49, 0, 9, 144]


def test_neither_seed_nor_epoch_nor_batch_changes_the_number() -> None:
    with_index = WithIndex(ImageViews(size=8, channels=1), torch.tensor([5, 6, 7]))
    for seed, epoch, samples in ((0, 0, [2, 1]), (3, 0, [1, 2]), (0, 4, [2])):
        chosen = torch.tensor(samples)
        *_, found = with_index(images(len(samples)), chosen, seed=seed, epoch=epoch)
        assert found.tolist() == [5 + sample for sample in samples]


def test_numbers_stay_whole_when_views_change_their_type() -> None:
    large = torch.tensor([2**40 + 1])
    *_, found = WithIndex(ImageViews(size=8, channels=1), large)(
        images(1), torch.tensor([0]), seed=0, epoch=0
    )
    assert torch.equal(move(found, "cpu", torch.bfloat16), large)


def test_a_sample_without_a_number_is_no_sample() -> None:
    with_index = WithIndex(ImageViews(size=8, channels=1), torch.tensor([5, 6]))
    with pytest.raises(IndexError, match="index 2 is out of bounds"):
        with_index(images(1), torch.tensor([2]), seed=0, epoch=0)
