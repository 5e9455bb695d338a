"""What is held out: groups and copies are never on both sides; without them nothing changes."""

from __future__ import annotations

import numpy as np
import pytest
import torch

import nearfar
from nearfar import api
from nearfar.api._division import Division
from nearfar.api._sample_groups import SampleGroups
from nearfar.data import ArraySource, VectorSource, open_source
from nearfar.data.text._text_source import TextSource
from nearfar.records import RunDirectory


def _rows(count=200, dim=12, seed=0):
    return np.random.default_rng(seed).normal(size=(count, dim))


def _groups(numbers):
    index = torch.as_tensor(numbers)
    return SampleGroups(index, tuple(f"g{i}" for i in range(int(index.max()) + 1)), "group")


def _sides(division):
    trained, watched = set(division.trained.tolist()), set(division.watched.tolist())
    assert not trained & watched
    return trained, watched


def test_without_groups_and_copies_a_random_tenth_is_held_out_as_ever():
    source = open_source("digits")
    found = Division.of(source, seed=0)
    assert found.record is None
    assert found.notes == ()
    plain = Division.at_random(source, seed=0)
    assert torch.equal(found.watched, plain.watched)
    assert torch.equal(found.trained, plain.trained)
    assert found.watched[:3].tolist() == [3, 14, 33]  # of runs of earlier versions


@pytest.mark.parametrize("sizes", [[10] * 20, [1] * 200, [40] * 5, [100, 100], [150, 30, 20]])
def test_a_group_is_on_one_side(sizes):
    groups = _groups(np.random.default_rng(1).permutation(np.repeat(range(len(sizes)), sizes)))
    source = VectorSource(_rows(sum(sizes)), name="rows")
    found = Division.of(source, seed=3, groups=groups)
    trained, watched = _sides(found)
    assert not set(groups.index[found.trained].tolist()) & set(groups.index[found.watched].tolist())
    assert len(trained) >= 100
    assert len(watched) >= 20
    again = Division.again(source, found.record, seed=99)
    assert torch.equal(again.trained, found.trained)
    assert torch.equal(again.watched, found.watched)


def test_groups_that_leave_nothing_to_hold_out_are_refused():
    source = VectorSource(_rows(), name="rows")
    with pytest.raises(ValueError, match=r"`groups` must leave several .* 'g0' with 190 of 200"):
        Division.of(source, seed=0, groups=_groups([0] * 190 + [1] * 10))


def _pictures():
    pixels = np.random.default_rng(0).integers(0, 256, size=(120, 16, 16), dtype=np.uint8)
    return pixels, Division.at_random(ArraySource(pixels, name="noise"), seed=0)


def test_copies_of_watched_samples_are_left_out_of_training():
    pixels, plain = _pictures()
    (one, two), (same, alike) = plain.watched[:2].tolist(), plain.trained[[5, 9]].tolist()
    pixels[same] = pixels[one]
    noise = np.random.default_rng(1).integers(-3, 4, size=(16, 16))
    pixels[alike] = np.clip(pixels[two] + noise, 0, 255)
    found = Division.of(ArraySource(pixels, name="noise"), seed=0)
    assert torch.equal(found.watched, plain.watched)
    assert found.record is not None
    assert found.record.left_out == tuple(sorted((same, alike)))
    assert (found.record.exact_copies, found.record.near_copies) == (1, 1)
    assert found.notes == (
        "2 copies of held-out samples, 1 of them near copies: left out of training",
    )


def test_texts_are_copies_if_their_words_are_the_same():
    texts = [f"the number {i} of all of them" for i in range(60)]
    watched = Division.at_random(TextSource(texts, name="texts"), seed=0).watched
    one, other = int(watched[0]), next(i for i in range(60) if i not in watched)
    texts[other] = f"The number {one}, of all of them!"
    found = Division.of(TextSource(texts, name="texts"), seed=0)
    assert found.record is not None
    assert found.record.left_out == (other,)


def test_copies_that_are_most_of_the_samples_are_trained_on_and_said():
    pixels, plain = _pictures()
    pixels[20:] = 0
    found = Division.of(ArraySource(pixels, name="black"), seed=0)
    assert torch.equal(found.trained, plain.trained)
    assert "trained on nevertheless" in found.notes[0]


def test_large_folders_are_compared_by_their_files(tmp_path):
    from PIL import Image

    pixels, plain = _pictures()
    one, other = int(plain.watched[0]), int(plain.trained[0])
    pixels[other] = pixels[one]
    for row, picture in enumerate(pixels):
        Image.fromarray(picture).save(tmp_path / f"{row:03}.png")
    source = open_source(tmp_path, memory=1)
    assert not source.in_memory
    found = Division.of(source, seed=0)
    assert found.record is not None
    assert found.record.compared == ("files",)
    assert found.record.left_out == (other,)
    assert "near copies not looked for" in found.notes[0]


@pytest.mark.slow
def test_a_run_keeps_its_groups_for_resuming_and_probes(tmp_path):
    rows, who = _rows(), np.repeat(np.arange(20), 10)
    lines = [
        ",".join([*(f"{x:.4f}" for x in row), f"{w}"]) for row, w in zip(rows, who, strict=True)
    ]
    path = tmp_path / "t.csv"
    path.write_text("\n".join([",".join([*"abcdefghijkl", "patient"]), *lines]))
    quick = {"epochs": 1, "batch_size": 32, "progress": False}
    run = nearfar.pretrain("simclr", path, groups="patient", out=tmp_path / "run", **quick)
    division = run.directory.read_division()
    assert division is not None
    assert division.groups_in_all == 20
    assert (run.record.groups, run.record.samples) == ("patient", 200 - run.record.watched)
    assert "patient" not in run.description.form.columns
    assert run.prepared.train.samples.tolist() == [
        row for row in range(200) if row not in {*division.watched, *division.left_out}
    ]
    labels = (rows[:, 0] > 0).astype(int)
    assert run.probe(path, labels=labels, representations=["raw"]).protocol == (
        "five folds of 20 groups"
    )
    alone = run.probe(path, labels=labels, representations=["raw"], groups="none")
    assert alone.protocol == "five stratified folds"
    other = run.probe(path, labels=labels, representations=["raw"], groups=who // 2)
    assert other.protocol == "five folds of 10 groups"
    array = api.pretrain("simclr", rows, groups=who, out=tmp_path / "array", **quick)
    assert array.directory.read_division() == division.__class__(
        **{**vars(division), "groups": "an array"}
    )
    assert RunDirectory(array.path).read_recipe()["data"]["groups"] == "custom"
