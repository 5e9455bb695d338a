"""Pairs: out of tables, arrays and sources; what is missing; groups and neighbours."""

from __future__ import annotations

import csv
import gzip
import json
import wave
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from nearfar.data import GroupSource, PairSource, Subset, open_labeled, open_source, sides
from nearfar.data.pairs import may_be_pairs, open_pairs
from nearfar.inputs import Group, Images, Pair, Sequences, Texts
from tests.data.pictures import encoded, fill, truncate

ENGLISH = ["a dog", "a cat", "a red car", "two men", "the sea"]
GERMAN = ["ein Hund", "eine Katze", "ein rotes Auto", "zwei Männer", "das Meer"]


def table(path: Path, rows: list[list[Any]], header: tuple[str, ...] = ("en", "de")) -> Path:
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([header, *rows])
    return path


def texts_of(source: PairSource, *positions: int) -> tuple[tuple[str, ...], tuple[str, ...]]:
    pair = source.read(list(positions)).inputs
    assert isinstance(pair, Pair)
    assert isinstance(pair.x, Texts)
    assert isinstance(pair.s, Texts)
    return pair.x.strings, pair.s.strings


def test_two_columns_of_a_table_are_pairs(tmp_path: Path) -> None:
    path = table(tmp_path / "pairs.csv", list(map(list, zip(ENGLISH, GERMAN, strict=True))))
    source = open_source(path, x="de", s="en")
    assert isinstance(source, PairSource)
    assert source.describe() == "5 pairs (texts of 2 words, texts of 2 words)"
    assert texts_of(source, 3, 0) == (("zwei Männer", "ein Hund"), ("two men", "a dog"))
    assert source.identify(3) == "line 5"
    assert texts_of(open_pairs(path), 0) == (("a dog",), ("ein Hund",))  # two columns, in order


def test_tables_of_every_kind_hold_the_same_pairs(tmp_path: Path) -> None:
    rows = list(zip(ENGLISH, GERMAN, strict=True))
    lines = "\n".join(json.dumps({"en": e, "de": d, "id": i}) for i, (e, d) in enumerate(rows))
    (tmp_path / "pairs.jsonl").write_text(lines, encoding="utf-8")
    tabs = "\n".join("\t".join(row) for row in [("en", "de"), *rows])
    with gzip.open(tmp_path / "pairs.tsv.gz", "wt", encoding="utf-8") as file:
        file.write(tabs)
    pyarrow = pytest.importorskip("pyarrow")
    from pyarrow.parquet import write_table

    write_table(pyarrow.table({"en": ENGLISH, "de": GERMAN}), tmp_path / "pairs.parquet")
    for name in ("pairs.jsonl", "pairs.tsv.gz", "pairs.parquet"):
        source = open_source(tmp_path / name, x="en", s="de")
        assert texts_of(source, 2) == (("a red car",), ("ein rotes Auto",)), name  # type: ignore[arg-type]


def test_pairs_with_missing_halves_are_left_out_and_counted(tmp_path: Path) -> None:
    rows = [["a dog", "ein Hund"], ["", "eine Katze"], ["a car", "  "], ["the sea", "das Meer"]]
    path = table(tmp_path / "pairs.csv", [*rows, ["two men", "zwei Männer"]])
    source = open_source(path, x="en", s="de")
    assert len(source) == 3
    assert texts_of(source, 1, 2) == (("the sea", "two men"), ("das Meer", "zwei Männer"))  # type: ignore[arg-type]
    assert source.notes == (
        "2 of 5 pairs skipped as incomplete: line 3 (x missing), line 4 (s missing)",
    )


def test_pairs_of_which_most_lack_a_half_are_refused(tmp_path: Path) -> None:
    rows = [["a", ""], ["", "b"], ["", ""], ["c", "d"], ["e", "f"]]
    path = table(tmp_path / "pairs.csv", rows)
    with pytest.raises(ValueError, match=r"more than half of the pairs .* 3 of 5 pairs: line 2"):
        open_source(path, x="en", s="de")
    with pytest.raises(ValueError, match=r"more than half|at least 1 pair"):
        open_source((["a", ""], ["", "c"]))


def test_a_column_that_is_not_there_is_named_with_the_nearest(tmp_path: Path) -> None:
    path = table(tmp_path / "pairs.csv", [["a", "b"], ["c", "d"]])
    with pytest.raises(ValueError, match=r"`s` must be a column .* got 'dee' \(did you mean 'de'"):
        open_source(path, x="en", s="dee")
    three = table(tmp_path / "three.csv", [["a", "b", "c"]] * 2, ("en", "de", "fr"))
    with pytest.raises(
        ValueError, match=r"specify the two halves .* three\.csv .* it has en, de, fr"
    ):
        open_pairs(three)


def test_images_by_path_and_their_captions(tmp_path: Path) -> None:
    paths = fill(tmp_path / "photos", 4)
    truncate(paths[1])
    rows = [[f"photos/{path.name}", f"photo {i}"] for i, path in enumerate(paths)]
    path = table(tmp_path / "pairs.csv", [*rows, ["photos/lost.jpg", "lost"]], ("image", "caption"))
    source = open_source(path, x="image", s="caption")
    pair = source.read([0, 1, 2]).inputs
    assert isinstance(pair, Pair)
    assert isinstance(pair.x, Images)
    assert pair.x.pixels.shape == (3, 3, 30, 40)
    assert pair.s == Texts(("photo 0", "photo 2", "photo 3"))
    assert "2 of 5 pairs skipped" in source.notes[0]
    assert "line 3 (x truncated)" in source.notes[0]
    assert source.identify(1) == "002.jpg"
    assert source.describe() == "3 pairs (colour images 40×30, texts of 2 words)"


def test_bytes_of_images_as_hugging_face_stores_them(tmp_path: Path) -> None:
    pyarrow = pytest.importorskip("pyarrow")
    from pyarrow.parquet import write_table

    structs = [{"bytes": encoded(i), "path": f"{i}.jpg"} for i in range(4)]
    structs[2] = {"bytes": b"no image at all", "path": "2.jpg"}
    plain = [encoded(i, kind="PNG") for i in range(3)] + [None]
    held = pyarrow.table({"image": structs, "png": plain, "text": ENGLISH[:4]})
    write_table(held, tmp_path / "pairs.parquet")
    source = open_source(tmp_path / "pairs.parquet", x="image", s="text")
    assert len(source) == 3
    assert "row 2 (x not an image)" in source.notes[0]
    both = open_source(tmp_path / "pairs.parquet", x="image", s="png")
    pair = both.read([0, 1]).inputs
    assert isinstance(pair, Pair)
    assert isinstance(pair.s, Images)
    assert pair.s.pixels.shape == (2, 3, 30, 40)
    assert both.identify(1) == "row 1"


def sound(path: Path, steps: int, *, rate: int = 8000) -> None:
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        tone = np.sin(np.arange(steps) / 10) * 20_000
        file.writeframes(tone.astype("<i2").tobytes())


def test_sounds_and_their_texts(tmp_path: Path) -> None:
    pytest.importorskip("soundfile")
    for i, steps in enumerate((800, 1200, 100, 900)):
        sound(tmp_path / f"{i}.wav", steps)
    (tmp_path / "4.wav").write_bytes(b"")
    rows = [[f"{i}.wav", text] for i, text in enumerate(ENGLISH)]
    path = table(tmp_path / "pairs.csv", rows, ("clip", "words"))
    source = open_source(path, x="clip", s="words")
    pair = source.read([0, 1, 2]).inputs
    assert isinstance(pair, Pair)
    assert isinstance(pair.x, Sequences)
    assert pair.x.extents().tolist() == [800, 1200, 900]
    assert float(pair.x.values.abs().max()) == pytest.approx(20_000 / 32_768, abs=0.01)
    assert "line 4 (x 0.013 s, too short)" in source.notes[0]
    assert "line 6 (x" in source.notes[0]


def test_lists_of_numbers_are_vectors_or_series() -> None:
    vectors = [[1.0, 2.0], [3.0, 4.0], [5.0, float("nan")], [7.0, 8.0]]
    series = [list(range(10)), list(range(12)), list(range(9)), list(range(8))]
    source = open_source((vectors, series))
    pair = source.read([0, 1, 2]).inputs
    assert isinstance(pair, Pair)
    assert torch.as_tensor(pair.x).tolist() == [[1, 2], [3, 4], [7, 8]]
    assert isinstance(pair.s, Sequences)
    assert pair.s.extents().tolist() == [10, 12, 8]
    assert source.notes == ("1 of 4 pairs skipped as incomplete: row 2 (x missing)",)


def test_two_arrays_of_a_file(tmp_path: Path) -> None:
    images = np.random.default_rng(0).integers(0, 256, (6, 8, 8), dtype=np.uint8)
    vectors = np.arange(18.0).reshape(6, 3)
    vectors[4, 1] = np.inf
    np.savez(tmp_path / "pairs.npz", images=images, sensors=vectors, other=vectors)
    source = open_source(tmp_path / "pairs.npz", x="images", s="sensors")
    assert source.describe() == "5 pairs (grey images 8×8, vectors of 3 features)"
    assert source.notes[0].endswith("row 4 (s not finite)")
    with pytest.raises(ValueError, match=r"`x` must be an array of pairs\.npz, got 'image'"):
        open_source(tmp_path / "pairs.npz", x="image", s="sensors")


def test_a_pickle_is_never_opened(tmp_path: Path) -> None:
    np.savez(tmp_path / "pairs.npz", x=np.array([{}, {}], dtype=object), s=np.zeros((2, 2)))
    with pytest.raises(TypeError, match="contains Python objects or a pickle"):
        open_source(tmp_path / "pairs.npz", x="x", s="s")


@pytest.mark.usefixtures("as_users_run_it")
def test_lengths_that_differ_and_other_things_are_refused() -> None:
    with pytest.raises(ValueError, match="`x` and `s` must have equal lengths, got 3 and 2"):
        open_source((["a", "b", "c"], ["d", "e"]))
    digits = open_source("digits")
    with pytest.raises(ValueError, match="got 1,797 in digits and 5 in digits"):
        PairSource(digits, Subset(digits, range(5)))
    with pytest.raises(ValueError, match="must not be pairs themselves"):
        PairSource(PairSource(digits, digits), digits)
    with pytest.raises(TypeError, match="`x` must contain texts, paths or bytes"):
        open_source(([object(), object()], ["a", "b"]), modality="pairs")
    with pytest.raises(TypeError, match="pairs must be a table"):
        open_source(3, modality="pairs")
    with pytest.raises(ValueError, match="no official test set"):
        open_source((["a", "b"], ["c", "d"]), split="test")
    with pytest.raises(ValueError, match="pairs have no labels"):
        open_labeled((["a", "b"], ["c", "d"]))


def test_two_sources_and_a_selection_of_their_pairs() -> None:
    digits = open_source("digits")
    turned = Subset(digits, range(len(digits) - 1, -1, -1))
    source = open_source((digits, turned))
    some = Subset(source, [3, 1])
    pair = some.read([0, 1]).inputs
    assert isinstance(pair, Pair)
    x, s = sides(some)
    assert x.samples.tolist() == [3, 1]
    for side, half in ((x, pair.x), (s, pair.s)):
        assert isinstance(half, Images)
        read = side.read([0, 1]).inputs
        assert isinstance(read, Images)
        assert torch.equal(read.pixels, half.pixels)
    assert source.fingerprint != open_source((turned, digits)).fingerprint


def test_neighboring_sentences_are_pairs_within_a_text(tmp_path: Path) -> None:
    lines = ["one one", "two two", "three three", "", "four four", "five five", "", "six six"]
    (tmp_path / "book.txt").write_text("\n".join(lines), encoding="utf-8")
    source = open_source(tmp_path / "book.txt", adjacent=True)
    assert texts_of(source, 0, 1, 2) == (  # type: ignore[arg-type]
        ("one one", "two two", "four four"),
        ("two two", "three three", "five five"),
    )
    assert source.identify(2) == "line 5"
    again = open_source(lines, adjacent=True)
    assert len(again) == 3
    path = table(tmp_path / "book.csv", [[line, "x"] for line in lines], ("sentence", "other"))
    assert len(open_source(path, adjacent=True, x="sentence")) == 3
    with pytest.raises(ValueError, match="`s` must be unset with `adjacent`"):
        open_source(tmp_path / "book.txt", adjacent=True, s="x")
    with pytest.raises(ValueError, match="at least 1 adjacent pair is needed"):
        open_source(["one", "", "two", ""], adjacent=True)


def test_groups_read_all_members_of_a_sample() -> None:
    digits = open_source("digits")
    groups = GroupSource(Subset(digits, range(1000)), size=4, noun="box")
    inputs = groups.read([2, 0]).inputs
    assert isinstance(inputs, Group)
    assert isinstance(inputs.members, Images)
    expected = digits.read([8, 9, 10, 11, 0, 1, 2, 3]).inputs
    assert isinstance(expected, Images)
    assert torch.equal(inputs.members.pixels, expected.pixels)
    assert (len(groups), groups.identify(2)) == (250, "box 2")
    members, _ = sides(Subset(groups, [5]))
    assert members.samples.tolist() == [20, 21, 22, 23]
    with pytest.raises(ValueError, match="must be a multiple of `size` 7"):
        GroupSource(digits, size=7)


@pytest.mark.data
@pytest.mark.slow
def test_omniglot_pairs_are_drawings_of_one_character(data_dir: Path) -> None:
    source = open_source("omniglot-pairs", data_dir=data_dir)
    assert source.describe() == "633 characters of 20 (grey images 28×28)"
    judged = open_labeled("omniglot-pairs", data_dir=data_dir)
    assert judged.test is not None
    assert judged.test_labels is not None
    assert (len(judged.train), len(judged.test), len(judged.class_names)) == (1655, 4965, 331)
    assert torch.bincount(judged.train_labels).tolist() == [5] * 331
    assert torch.bincount(judged.test_labels).tolist() == [15] * 331
    inputs = source.read([0]).inputs
    assert isinstance(inputs, Group)
    assert isinstance(inputs.members, Images)
    assert inputs.members.pixels.float().mean() < 60  # ink is white on black


@pytest.mark.data
@pytest.mark.slow
def test_multi30k_is_five_captions_of_each_picture(data_dir: Path) -> None:
    source = open_source("multi30k", data_dir=data_dir)
    assert source.describe() == "29,000 pictures of 5 (texts of 11 words)"
    test = open_source("multi30k", split="test", data_dir=data_dir)
    assert isinstance(test, PairSource)
    assert len(test) == 1000
    with pytest.raises(ValueError, match="multi30k has no labels"):
        open_labeled("multi30k", data_dir=data_dir)


def test_a_named_set_that_is_not_there_says_where_it_belongs(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"multi30k needs multi30k_captions_en5.tsv.gz"):
        open_source("multi30k", data_dir=tmp_path)


def test_halves_in_a_tuple_may_be_names() -> None:
    source = open_source(("digits", "digits"), modality="pairs")
    assert source.describe() == "1,797 pairs (grey images 8×8, grey images 8×8)"


def test_pairs_are_read_from_every_file_of_arrays(tmp_path: Path) -> None:
    h5py = pytest.importorskip("h5py")
    x, s = np.random.default_rng(0).normal(size=(2, 9, 3))
    np.savez(tmp_path / "pairs.npz", x=x, s=s)
    with h5py.File(tmp_path / "pairs.h5", "w") as file:
        file["x"], file["s"] = x, s
    packed, nested = (open_source(tmp_path / f"pairs.{e}", x="x", s="s") for e in ("npz", "h5"))
    assert may_be_pairs(tmp_path / "pairs.h5")
    assert nested.fingerprint == packed.fingerprint
    (tmp_path / "pairs.wav").touch()
    with pytest.raises(ValueError, match=r"not a file of pairs, which end in .* \.npz"):
        open_source(tmp_path / "pairs.wav", modality="pairs", x="x", s="s")
