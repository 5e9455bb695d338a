"""Views of anyone's dataset, batch by batch."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from PIL import Image
from tests.every import every
from torch import Tensor
from torch.utils.data import Dataset

from nearfar.ops import permutation
from nearfar.views import loader, simclr_views

VIEWS = simclr_views(size=16, channels=3)


class Pictures(Dataset[Any]):
    """Pictures of several sizes, with labels."""

    def __len__(self) -> int:
        return 10

    def __getitem__(self, index: int) -> Any:
        return Image.new("RGB", (20 + index, 18), (index, 0, 0)), index % 2


def images() -> Tensor:
    source = torch.Generator().manual_seed(0)
    return torch.randint(0, 256, (12, 3, 16, 16), dtype=torch.uint8, generator=source)


@pytest.mark.parametrize("workers", [0, 1])
def test_the_views_are_those_of_a_run(workers: int) -> None:
    batches = loader(images(), VIEWS, batch_size=5, seed=3, num_workers=workers)
    assert len(batches) == 2
    for epoch in range(2):
        order = permutation(12, seed=3, epoch=epoch)
        for number, found in enumerate(batches):
            rows = order[5 * number :][:5]
            expected = VIEWS(images()[rows], rows, seed=3, epoch=epoch)
            assert every(torch.equal(a, b) for a, b in zip(found, expected, strict=True))
    assert batches.epoch == 2


def test_pictures_of_several_sizes_with_labels() -> None:
    first, second = next(iter(loader(Pictures(), VIEWS, batch_size=4, device="cpu")))
    assert first.shape == second.shape == (4, 3, 16, 16)


def test_pytorchs_generator_is_left_alone() -> None:
    before = torch.get_rng_state()
    assert len([*loader(images(), VIEWS, batch_size=4)]) == 3
    assert torch.equal(before, torch.get_rng_state())


def test_a_batch_larger_than_the_dataset_is_refused() -> None:
    with pytest.raises(ValueError, match="`batch_size` must be at most the 12 samples"):
        loader(images(), VIEWS, batch_size=13)
