"""Which subfolders are an official split, and which are classes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

import nearfar
from nearfar.data import open_labeled, open_source
from tests.data.pictures import fill
from tests.data.sounds import save, tone
from tests.every import every

Lay = Callable[..., Path]


@pytest.fixture
def lay(tmp_path: Path) -> Lay:
    """Two pictures in each of these folders."""

    def make(*folders: str) -> Path:
        for folder in folders:
            fill(tmp_path / "set" / folder, 2, ending=".png")
        return tmp_path / "set"

    return make


def folders_of(source: object, *, depth: int = 0) -> set[str]:
    assert isinstance(source, nearfar.data.Source)
    return {source.identify(sample).split("/")[depth] for sample in source.samples.tolist()}


@pytest.mark.parametrize(
    ("train", "test"),
    [
        ("Training", "Testing"),
        ("train", "dev"),
        ("TRAIN", "Eval"),
        ("train", "holdout"),
        ("train", "held-out"),
        ("train2017", "val2017"),
        ("seg_train", "seg_test"),
        ("train_set", "test_set"),
        ("trainset", "testset"),
        ("train-images", "validation-images"),
        ("train-clean-100", "dev-clean"),
        ("train_sagittal", "test_sagittal"),
        ("chest_train", "chest_test"),
    ],
)
def test_a_split_is_recognized_by_its_name(lay: Lay, train: str, test: str) -> None:
    folder = lay(*(f"{part}/{name}" for part in (train, test) for name in ("cat", "dog")))
    source = open_source(folder)
    assert folders_of(source) == {train}
    assert folders_of(open_source(folder, split="test")) == {test}
    assert f"training {train}, test {test} (4 images)" in source.notes[0]
    data = open_labeled(folder)
    assert data.class_names == ("cat", "dog")
    assert data.test is not None
    assert (folders_of(data.train), folders_of(data.test)) == ({train}, {test})


@pytest.mark.parametrize("name", ["unlabeled", "Unlabelled", "unsup", "extra", "pred", "misc"])
def test_what_is_next_to_a_split_is_for_training_without_labels(lay: Lay, name: str) -> None:
    labeled = [f"{part}/{kind}" for part in ("train", "test") for kind in ("cat", "dog")]
    folder = lay(*labeled, f"{name}/cat", name)
    source = open_source(folder)
    assert folders_of(source) == {"train", name}
    assert f"without labels {name} (4)" in source.notes[0]
    data = open_labeled(folder)
    assert data.class_names == ("cat", "dog")
    assert folders_of(data.train) == {"train"}


def test_a_stray_picture_does_not_hide_the_split(lay: Lay) -> None:
    folder = lay("train/cat", "train/dog", "test/cat", "test/dog")
    fill(folder, 1)
    source = open_source(folder)
    assert "test" not in folders_of(source)
    assert "without labels files outside these folders (1)" in source.notes[0]
    assert len(open_labeled(folder).train) == 4


def test_of_several_held_out_folders_the_test_set_is_taken(lay: Lay) -> None:
    folder = lay("train/cat", "train/dog", "val/cat", "val/dog", "test/cat", "test/dog")
    assert folders_of(open_source(folder, split="test")) == {"test"}
    assert folders_of(open_source(folder)) == {"train", "val"}
    assert folders_of(open_source(folder, split="test", split_folder="val")) == {"val"}
    assert folders_of(open_source(folder, split_folder="VAL")) == {"train", "test"}


def test_a_split_that_is_named_need_not_have_a_usual_name(lay: Lay) -> None:
    folder = lay(*(f"fold{number}/{name}" for number in (1, 2, 3) for name in ("cat", "dog")))
    assert open_labeled(folder).class_names == ("fold1", "fold2", "fold3")
    source = open_source(folder, split_folder="fold3")
    assert folders_of(source) == {"fold1", "fold2"}
    data = open_labeled(folder, split_folder="fold3")
    assert data.class_names == ("cat", "dog")
    assert data.test is not None
    assert len(data.test) == 4


def test_folders_can_be_declared_to_be_classes(lay: Lay) -> None:
    folder = lay("train", "test")
    assert len(open_source(folder)) == 2
    assert len(open_source(folder, split_folder="none")) == 4
    assert open_labeled(folder, split_folder="none").class_names == ("test", "train")


def test_an_absent_split_folder_is_refused_with_the_folders(lay: Lay) -> None:
    folder = lay("one/cat", "two/cat")
    with pytest.raises(ValueError, match=r"got 'tow'; the folders are one, cat"):
        open_source(folder, split_folder="tow")
    assert len(open_source(folder, split="all", split_folder="tow")) == 4


def test_an_outer_folder_is_no_class(lay: Lay) -> None:
    parts = [f"archive/images/{part}/{kind}" for part in ("train", "test") for kind in ("a", "b")]
    folder = lay(*parts)
    assert folders_of(open_source(folder), depth=2) == {"train"}
    assert open_labeled(folder).class_names == ("a", "b")


def test_each_class_can_have_a_split_of_its_own(lay: Lay) -> None:
    folder = lay(*(f"{kind}/{part}/good" for kind in ("cup", "nut") for part in ("train", "test")))
    assert folders_of(open_source(folder), depth=1) == {"train"}
    data = open_labeled(folder)
    assert data.class_names == ("cup", "nut")
    assert data.test is not None
    assert len(data.test) == 4


@pytest.mark.parametrize("part", ["train", "Training", "test"])
def test_one_part_alone_has_the_classes_below(lay: Lay, part: str) -> None:
    assert open_labeled(lay(f"{part}/cat", f"{part}/dog")).class_names == ("cat", "dog")


def test_a_test_set_without_classes_is_left_out_of_the_labels(lay: Lay) -> None:
    data = open_labeled(lay("train/cat", "train/dog", "test"))
    assert (data.class_names, data.test) == (("cat", "dog"), None)
    assert data.train.notes[-1] == (
        "2 images of the test set have no class folders and are left out"
    )


@pytest.mark.parametrize("names", [("train", "car", "bus"), ("valid", "broken"), ("dev", "ops")])
def test_classes_with_the_name_of_one_part_stay_classes(lay: Lay, names: tuple[str, ...]) -> None:
    folder = lay(*names)
    assert open_labeled(folder).class_names == tuple(sorted(names))
    assert len(open_source(folder)) == 2 * len(names)


def test_recordings_have_the_same_splits(tmp_path: Path) -> None:
    for part in ("Training", "dev"):
        for name in ("high", "low"):
            for number in range(2):
                save(tmp_path / part / name / f"{number}.wav", tone(200 + number))
    assert folders_of(open_source(tmp_path)) == {"Training"}
    assert open_labeled(tmp_path).class_names == ("high", "low")
    every_folder = open_labeled(tmp_path, split_folder="none")
    assert every(name in every_folder.class_names for name in ("Training", "dev"))
