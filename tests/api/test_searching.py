"""Searches in embeddings from anywhere: what is found, shown, and refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

import nearfar
from nearfar import api
from nearfar.records import DuplicatesRecord, NeighborsRecord, OutliersRecord


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Twelve pictures, the last equal to the first, and their embeddings."""
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(0)
    pixels = rng.integers(0, 256, (12, 20, 24, 3), dtype=np.uint8)
    pixels[11] = pixels[0]
    (tmp_path / "photos" / "a").mkdir(parents=True)
    ids = []
    for row, picture in enumerate(pixels):
        ids.append(f"a/{row}.png" if row % 2 else f"{row}.png")
        Image.fromarray(picture).save(tmp_path / "photos" / ids[-1])
    z = rng.normal(size=(12, 6)).astype(np.float32)
    z[11] = z[0]
    api.save_embeddings(tmp_path / "e.npz", z, tuple(ids))
    api.save_embeddings(tmp_path / "paths.npz", z, tuple(f"photos/{name}" for name in ids))
    return tmp_path


def test_neighbors_of_a_matrix_are_those_of_all_pairs() -> None:
    z = np.random.default_rng(0).normal(size=(40, 5)).astype(np.float32)
    unit = z / np.linalg.norm(z, axis=1, keepdims=True)
    similar = unit @ unit.T - 9 * np.eye(40)
    found = nearfar.neighbors(z, of=[3, 17], k=4)
    assert [query.row for query in found.queries] == [3, 17]
    for query in found.queries:
        expected = np.argsort(-similar[query.row])[:4]
        assert [other.row for other in query.neighbors] == expected.tolist()
        values = [other.similarity for other in query.neighbors]
        np.testing.assert_allclose(values, similar[query.row, expected], atol=1e-6)
    assert NeighborsRecord.from_json(found.to_json()) == found


def test_a_sample_is_not_its_own_neighbor_among_many_copies() -> None:
    found = nearfar.neighbors(torch.ones(30, 3), of=[0, 29], k=5)
    assert [[o.row for o in query.neighbors] for query in found.queries] == [
        [1, 2, 3, 4, 5],
        [0, 1, 2, 3, 4],
    ]


def test_random_rows_are_named_and_follow_the_seed() -> None:
    z = torch.randn(50, 4, generator=torch.Generator().manual_seed(0))
    one, again = nearfar.neighbors(z, k=2), nearfar.neighbors(z, k=2)
    other = nearfar.neighbors(z, k=2, seed=1)
    assert one == again != other
    rows = [query.row for query in one.queries]
    assert len(rows) == 8
    assert one.notes == (f"rows drawn at random (seed 0): {', '.join(map(str, rows))}",)
    assert nearfar.__getattr__("neighbours") is nearfar.neighbors


@pytest.mark.parametrize(
    ("file", "data"), [("e.npz", "photos"), ("paths.npz", None), ("e.npz", None)]
)
def test_pages_show_pictures_that_are_found_by_their_ids(
    folder: Path, file: str, data: str | None
) -> None:
    page = folder / "page.html"
    found = nearfar.neighbors(
        file, of=["0.png" if "e" in file[0] else 0], data=data, k=3, report=page
    )
    assert found.queries[0].neighbors[0].id.endswith("a/11.png")
    text = page.read_text("utf-8")
    assert text.count('src="data:image/png;base64,') == (
        0 if (file, data) == ("e.npz", None) else 4
    )
    assert "a/11.png" in text
    assert "http" not in text.replace("http-equiv", "").replace("http://www.w3.org", "")


def test_duplicates_and_outliers_of_a_file(folder: Path) -> None:
    made = nearfar.duplicates("e.npz", data="photos", report="d.html")
    assert [(group.rows, group.copies) for group in made.groups] == [((0, 11), True)]
    assert (made.surplus, made.chosen, DuplicatesRecord.from_json(made.to_json())) == (
        1,
        True,
        made,
    )
    assert Path("d.html").read_text("utf-8").count('src="data:image/png') == 2
    api.write_table("d.csv", made)
    assert Path("d.csv").read_text("utf-8").splitlines()[1:] == [
        "0,0,0.png,,1.000000",
        "0,11,a/11.png,0,1.000000",
    ]
    far = nearfar.outliers("e.npz", top=3, k=4, data="photos", report="o.html")
    assert len(far.outliers) == 3
    assert sorted(far.outliers, key=lambda o: -o.distance) == list(far.outliers)
    assert OutliersRecord.from_json(far.to_json()) == far
    api.write_table("o.csv", far)
    assert len(Path("o.csv").read_text("utf-8").splitlines()) == 4


def test_samples_in_another_order_are_matched_by_name(folder: Path) -> None:
    with np.load("e.npz") as arrays:
        z, ids = arrays["embeddings"][::-1], arrays["ids"][::-1]
    api.save_embeddings("back.npz", z, tuple(ids.tolist()))
    for file in ("e.npz", "back.npz"):
        nearfar.neighbors(file, of="2.png", data="photos", k=3, report=f"{file}.html")
    first, second = (Path(f"{file}.html").read_text("utf-8") for file in ("e.npz", "back.npz"))
    assert (
        first.split("<h1>")[1].split("embeddings of")[1]
        == (second.split("<h1>")[1].split("embeddings of")[1])
    )


def test_pairs_are_searched_across_and_within(tmp_path: Path) -> None:
    file = tmp_path / "pairs.npz"
    rng = np.random.default_rng(0)
    x = rng.normal(size=(30, 6)).astype(np.float32)
    s = x + 0.01 * rng.normal(size=x.shape).astype(np.float32)
    api.save_embeddings(file, x, tuple(map(str, range(100, 130))), s)
    across = nearfar.neighbors(file, of="104", k=1)
    assert (across.direction, across.queries[0].neighbors[0].row) == ("x → s", 4)
    back = nearfar.neighbors(file, of="104", k=1, side="s")
    assert back.direction == "s → x"
    within = nearfar.neighbors(file, of="104", k=1, within=True)
    assert (within.direction, within.queries[0].neighbors[0].row == 4) == ("x → x", False)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"of": 12}, r"`of` must be a row from 0 to 11, got 12"),
        ({"of": -1}, r"`of` must be a row from 0 to 11, got -1"),
        ({"of": "none.png"}, r"`of` must hold rows .* got 'none.png', which is not among them"),
        ({"of": []}, r"`of` must name at least one sample, got none"),
        ({"of": "new.png"}, r"only a run can embed new samples, got new\.png"),
        ({"k": 12}, r"`k` must be at most 11"),
        ({"within": True}, r"`within` must be False"),
        ({"side": "s"}, r"`side` must be None"),
        ({"data": "digits"}, r"`data` must have the 12 samples of the embeddings, or their ids"),
    ],
)
def test_what_cannot_be_searched_is_refused(folder: Path, settings: dict, message: str) -> None:
    Image.new("RGB", (8, 8)).save("new.png")
    with pytest.raises(ValueError, match=message):
        nearfar.neighbors("e.npz", **settings)


def test_nan_is_refused_with_the_name_of_the_argument() -> None:
    z = np.ones((4, 3), np.float32)
    z[2] = np.nan
    with pytest.raises(ValueError, match=r"`embeddings` must contain only finite .* row 2"):
        nearfar.duplicates(z)


def test_data_of_a_run_that_cannot_be_found_are_asked_for(tmp_path: Path) -> None:
    x = np.random.default_rng(0).normal(size=(40, 6)).astype(np.float32)
    run = nearfar.pretrain("simclr", x, epochs=1, out=tmp_path / "run")
    with pytest.raises(ValueError, match=r"`data` must be given: .* objects in memory"):
        run.neighbors()
    found = run.neighbors(of=3, data=x, k=2)
    assert found.queries[0].row == 3
    assert len(run.outliers(data=x, top=2).outliers) == 2
    assert run.duplicates(data=x).samples == 40
