"""Whatever a user names as data: names, paths, objects, and mistakes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from torch.utils.data import Dataset, IterableDataset, TensorDataset

from nearfar.data import NAMES, DatasetSource, Source, Subset, open_labeled, open_source
from tests.data.pictures import fill, picture
from tests.every import every


def test_digits_are_bytes_over_the_whole_range() -> None:
    digits = open_source("digits")
    images = digits.read(range(len(digits))).inputs.pixels
    assert digits.describe() == "1,797 grey images 8×8"
    assert (digits.image_size, digits.channels, images.dtype) == (16, 1, torch.uint8)
    assert (images.min().item(), images.max().item()) == (0, 255)


def test_digits_have_no_official_test_set() -> None:
    data = open_labeled("digits")
    assert (data.test, data.test_labels, len(data.class_names)) == (None, None, 10)
    with pytest.raises(ValueError, match="digits has no official test set"):
        open_source("digits", split="test")
    assert len(open_source("digits", split="all")) == 1797


def test_an_unknown_name_says_the_nearest_known_one() -> None:
    with pytest.raises(FileNotFoundError, match=r"did you mean 'cifar10'") as error:
        open_source("cifar-10")
    assert every(name in str(error.value) for name in NAMES)


def test_a_mistyped_path_says_the_nearest_neighbor(tmp_path: Path) -> None:
    fill(tmp_path / "photos", 2)
    with pytest.raises(FileNotFoundError, match="did you mean 'photos'"):
        open_source(tmp_path / "fotos")


def test_a_single_image_is_a_source_of_one(tmp_path: Path) -> None:
    (path,) = fill(tmp_path, 1)
    source = open_source(path)
    assert (len(source), source.name, source.identify(0)) == (1, "000", "000.jpg")
    assert torch.equal(
        source.read([0]).inputs.pixels, open_source(tmp_path).read([0]).inputs.pixels
    )
    path.write_bytes(path.read_bytes()[:200])
    with pytest.raises(ValueError, match=r"000\.jpg cannot be read: truncated"):
        open_source(path)


@pytest.mark.parametrize("spec", [3, None, [0.5], object()])
def test_anything_else_is_a_type_error(spec: Any) -> None:
    with pytest.raises(TypeError, match=r"`data` must (be a name, a path|have several features)"):
        open_source(spec)


@pytest.mark.usefixtures("as_users_run_it")
def test_an_unknown_split_is_refused() -> None:
    with pytest.raises(ValueError, match=r"`split` must be one of .* got 'validation'"):
        open_source("digits", split="validation")  # type: ignore[arg-type]


def test_a_source_is_its_own_source() -> None:
    digits = open_source("digits")
    assert open_source(digits) is digits


def test_a_subset_keeps_the_samples_numbers() -> None:
    digits = open_source("digits")
    some = Subset(digits, [5, 900, 17])
    batch = some.read([1, 2])
    assert batch.samples.tolist() == [900, 17]
    assert torch.equal(batch.inputs.pixels, digits.read([900, 17]).inputs.pixels)
    assert some.samples.tolist() == [5, 900, 17]
    assert some.identify(900) == "row 900"
    assert some.describe() == "3 of 1,797 grey images 8×8"
    assert Subset(some, [2]).read([0]).samples.tolist() == [17]
    assert some.fingerprint not in (digits.fingerprint, Subset(digits, [5, 900]).fingerprint)


@pytest.mark.parametrize(
    ("positions", "error", "message"),
    [
        ([], ValueError, "`positions` must select at least 1 of 1,797 samples, got 0"),
        ([1797], IndexError, "`positions` must lie between 0 and 1796, got 1797"),
        ([-1], IndexError, "`positions` must lie between 0 and 1796, got -1"),
    ],
)
def test_a_subset_must_select_samples_there_are(
    positions: list[int], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        Subset(open_source("digits"), positions)


def test_class_folders_give_labels_for_evaluation(tmp_path: Path) -> None:
    fill(tmp_path / "cat", 2)
    fill(tmp_path / "dog" / "deeper", 3)
    data = open_labeled(tmp_path)
    assert data.class_names == ("cat", "dog")
    assert data.train_labels.tolist() == [0, 0, 1, 1, 1]


def test_images_outside_class_folders_are_named(tmp_path: Path) -> None:
    fill(tmp_path / "cat", 2)
    fill(tmp_path, 1)
    with pytest.raises(
        ValueError, match=r"1 of 3 images are not in a class subfolder, .* 000\.jpg"
    ):
        open_labeled(tmp_path)


def test_train_and_val_folders_are_an_official_split(tmp_path: Path) -> None:
    for part, count in (("train", 3), ("val", 2)):
        for name in ("cat", "dog"):
            fill(tmp_path / part / name, count)
    assert [len(open_source(tmp_path, split=s)) for s in ("train", "test", "all")] == [6, 4, 10]
    said, excluded = open_source(tmp_path).notes
    assert said.startswith("folders are a split: training train, test val (4 images);")
    assert excluded == "4 images of the folder's test set excluded"
    data = open_labeled(tmp_path)
    assert data.test is not None
    assert data.test_labels is not None
    assert (data.train_labels.tolist(), data.test_labels.tolist()) == (
        [0] * 3 + [1] * 3,
        [0, 0, 1, 1],
    )
    sample = int(data.test.read([0]).samples[0])
    assert data.test.identify(sample) == "val/cat/000.jpg"


def test_a_class_that_only_the_test_set_has_is_refused(tmp_path: Path) -> None:
    for folder in ("train/cat", "train/dog", "test/cow"):
        fill(tmp_path / folder, 2)
    with pytest.raises(ValueError, match="not in the training set, the first is cow"):
        open_labeled(tmp_path)


def test_labels_can_be_given_beside_arrays() -> None:
    data = open_labeled(np.zeros((4, 8, 8), np.uint8), labels=["b", "a", "b", "a"])
    assert (data.class_names, data.train_labels.tolist()) == (("a", "b"), [1, 0, 1, 0])
    with pytest.raises(ValueError, match="ndarray has no labels: pass them as `labels`"):
        open_labeled(np.zeros((4, 8, 8), np.uint8))


class Pictures(Dataset[Any]):
    """Items of any kind, as users write them."""

    def __init__(self, make: Any, count: int = 6) -> None:
        self.make, self.count = make, count

    def __len__(self) -> int:
        return self.count

    def __getitem__(self, number: int) -> Any:
        return self.make(number)


@pytest.mark.parametrize(
    "make",
    [
        picture,
        lambda n: (picture(n), n % 2),
        lambda n: (np.array(picture(n)), n % 2, "more"),
        lambda n: {"image": picture(n), "label": 1},
        lambda n: torch.from_numpy(np.array(picture(n))).permute(2, 0, 1),
    ],
)
def test_a_dataset_of_anything_like_an_image_is_a_source(make: Any) -> None:
    source = open_source(Pictures(make))
    batch = source.read([4, 2])
    expected = torch.from_numpy(np.stack([np.array(picture(n)) for n in (4, 2)]))
    assert torch.equal(batch.inputs.pixels, expected.permute(0, 3, 1, 2))
    assert (source.name, source.describe()) == ("pictures", "6 colour images 40×30")
    assert source.image_size == 32


def test_gray_pictures_of_a_dataset_stay_gray() -> None:
    assert open_source(Pictures(lambda n: picture(n, mode="L"))).channels == 1
    assert open_source(Pictures(lambda n: picture(n, mode="L")), channels=3).channels == 3


def test_a_normalized_dataset_is_mapped_back_to_the_unit_interval() -> None:
    images = torch.randn(50, 3, 40, 40)
    source = open_source(TensorDataset(images, torch.zeros(50)))
    batch = source.read(range(50)).inputs.pixels
    assert (batch.min().item(), batch.max().item()) == (0, 1)
    assert source.value_range == (images.min().item(), images.max().item())
    assert "mapped to 0..1" in source.notes[0]


def test_labels_of_a_dataset_are_read_for_evaluation() -> None:
    data = open_labeled(Pictures(lambda n: (picture(n), n % 3)))
    assert data.train_labels.tolist() == [0, 1, 2, 0, 1, 2]


def test_a_dataset_that_cannot_be_read_in_any_order_is_no_source_of_images() -> None:
    class Stream(IterableDataset[Any]):
        def __iter__(self) -> Any:
            return iter([picture(0)])

    with pytest.raises(TypeError, match="map-style"):
        DatasetSource(Stream())
    assert len(open_source(Stream())) == 1  # which is read once and kept


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda n: "a.jpg", ValueError, r"images in pictures are damaged: row 0 \(not a regular"),
        (lambda n: {"other": 3}, TypeError, "must have a key such as x, image.*got other"),
        (lambda n: {"image": 3}, TypeError, "item 0 of pictures must be a PIL image.*got int"),
        (lambda n: torch.zeros(2, 1, 9, 9, 9), ValueError, "got shape 2×2×1×9×9×9"),
        (lambda n: torch.zeros(3, 40, 40, dtype=torch.complex64), TypeError, "item 0 .*complex64"),
    ],
)
def test_items_that_are_no_images_are_named(
    make: Any, error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        open_source(Pictures(make))


def test_values_of_an_item_that_are_not_finite_are_named() -> None:
    images = torch.rand(400, 1, 8, 8)
    images[5] = torch.nan
    source = open_source(TensorDataset(images))
    with pytest.raises(ValueError, match="item 5 of tensordataset has NaN"):
        source.read([4, 5])


def test_a_dataset_that_augments_at_random_keeps_its_fingerprint() -> None:
    fixed = Pictures(picture)
    jittered = Pictures(lambda n: torch.rand(3, 40, 40))
    for dataset in (fixed, jittered):
        prints = {open_source(dataset).fingerprint for _ in range(2)}
        assert len(prints) == 1
    assert open_source(fixed).fingerprint != open_source(Pictures(picture, 5)).fingerprint


def test_an_empty_dataset_is_refused() -> None:
    assert len(open_source(Pictures(picture, 1))) == 1
    with pytest.raises(ValueError, match="at least 1 image is needed, got 0"):
        open_source(Pictures(picture, 0))


def test_pictures_of_different_sizes_in_a_dataset_are_padded() -> None:
    source: Source = open_source(Pictures(lambda n: Image.new("L", (10 + n, 9))))
    batch = source.read([0, 5])
    assert batch.inputs.pixels.shape == (2, 1, 9, 15)
    assert batch.inputs.sizes is not None
    assert batch.inputs.sizes.tolist() == [[9, 10], [9, 15]]
