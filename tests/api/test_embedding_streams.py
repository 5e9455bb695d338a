"""Embeddings of any size: files, folders of parts and arrays, read in chunks."""

from __future__ import annotations

import json
from functools import reduce

import numpy as np
import pyarrow as pa
import pytest
import torch
from pyarrow import parquet
from safetensors.torch import save_file

import nearfar
from nearfar.api import _diagnosing, _embedding_streams
from nearfar.api._embedding_streams import open_stream
from nearfar.cli import main
from nearfar.diagnostics import HealthStream
from tests.every import every


@pytest.fixture
def small_memory(monkeypatch):
    """Everything is read in chunks of 256 rows."""
    monkeypatch.setattr(_diagnosing, "IN_MEMORY", 0)
    monkeypatch.setattr(_embedding_streams, "_CHUNK", 1)


@pytest.fixture
def two_views():
    generator = np.random.default_rng(0)
    z = generator.normal(size=(900, 6))
    noisy = [z + 0.3 * generator.normal(size=z.shape) for _ in range(2)]
    return [view.astype(np.float32) for view in noisy]


def lists(rows):
    return pa.FixedSizeListArray.from_arrays(pa.array(rows.reshape(-1)), rows.shape[1])


def written(folder, z1, z2):
    """The same two views in every format."""
    np.savez(folder / "plain.npz", z1=z1, z2=z2)
    np.savez_compressed(folder / "small.npz", z1=z1, z2=z2, ids=np.arange(len(z1)))
    np.savez_compressed(folder / "columns.npz", z1=np.asfortranarray(z1), z2=z2)
    tensors = {"z1": torch.from_numpy(z1), "z2": torch.from_numpy(z2)}
    save_file(tensors, folder / "e.safetensors")
    table = pa.table({"z1": lists(z1), "z2": pa.array(z2.tolist()), "id": pa.array(range(len(z1)))})
    parquet.write_table(table, folder / "e.parquet", row_group_size=100)
    return sorted(folder.iterdir())


@pytest.mark.slow
def test_two_views_read_the_same_in_every_format_and_in_chunks(tmp_path, two_views, monkeypatch):
    paths = written(tmp_path, *two_views)
    expected = nearfar.diagnose(*two_views)
    assert expected.verdict == "healthy"
    for path in paths:
        found = nearfar.diagnose(path).measurements
        assert found == pytest.approx(expected.measurements, rel=1e-12), path
    monkeypatch.setattr(_diagnosing, "IN_MEMORY", 0)
    monkeypatch.setattr(_embedding_streams, "_CHUNK", 1)
    for path in paths:
        found = nearfar.diagnose(path)
        assert found.verdicts == expected.verdicts
        assert found.measurements == pytest.approx(expected.measurements, rel=1e-4, abs=1e-6), path


def test_two_files_are_two_views(tmp_path, two_views, small_memory, capsys):
    for name, view in zip(("a.npy", "b.npy"), two_views, strict=True):
        np.save(tmp_path / name, view)
    a, b = tmp_path / "a.npy", tmp_path / "b.npy"
    found = nearfar.diagnose(a, b)
    assert found.verdict == "healthy"
    assert found == nearfar.diagnose(*two_views) == nearfar.diagnose(*map(torch.tensor, two_views))
    assert main(["diagnose", str(a), str(b), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["verdicts"] == ["healthy"]
    assert main(["diagnose", str(a), str(b)]) == 0
    assert f"diagnose {a} {b} --report" in capsys.readouterr().out
    assert main(["diagnose", str(a), str(tmp_path / "c.npy")]) == 2
    assert "`second` must be a file of embeddings" in capsys.readouterr().err
    np.save(b, two_views[1][:-1])
    with pytest.raises(ValueError, match=r"`second` must have the shape of `embeddings`"):
        nearfar.diagnose(a, b)


@pytest.mark.parametrize("ending", ["npy", "npz", "safetensors", "parquet"])
def test_parts_in_a_folder_are_the_whole(tmp_path, two_views, ending, monkeypatch):
    z = two_views[0]
    folder = tmp_path / "parts"
    folder.mkdir()
    for number, rows in enumerate(np.array_split(z, 11)):
        path = folder / f"part-{number}.{ending}"
        if ending == "npy":
            np.save(path, rows)
        elif ending == "npz":
            np.savez(path, embeddings=rows)
        elif ending == "parquet":
            parquet.write_table(pa.table({"embedding": lists(rows)}), path)
        else:
            save_file({"embeddings": torch.from_numpy(rows)}, path)
    expected = nearfar.diagnose(z)
    found = nearfar.diagnose(folder).measurements
    assert found == pytest.approx(expected.measurements, rel=1e-12)
    assert open_stream(folder).name_of(899) == f"part-10.{ending} row 80"
    monkeypatch.setattr(_diagnosing, "IN_MEMORY", 0)
    whole = nearfar.diagnose(folder)
    assert whole.measurements == pytest.approx(expected.measurements, rel=1e-4, abs=1e-6)
    first, parts = 0, []
    for number in range(11):
        stream = open_stream(folder / f"part-{number}.{ending}")
        parts.append(HealthStream(first=first))
        for chunk in stream.chunks():
            parts[-1].update(chunk["z1"])
        first += stream.shapes["z1"][0]
    merged = reduce(HealthStream.merge, parts[::-1])
    assert merged.compute().measurements == pytest.approx(whole.measurements, rel=1e-9)


@pytest.mark.slow
def test_a_page_shows_the_sample_by_name(tmp_path, two_views, small_memory):
    page = tmp_path / "page.html"
    z = np.repeat(two_views[0], 20, axis=0)
    seen = []
    found = nearfar.diagnose(
        z, report=page, progress=lambda text, done, rows: seen.append((done, rows))
    )
    assert found.samples == 18_000
    assert "is of 16,384 of 18,000 rows" in found.notes[0]
    assert "row 17999" not in found.summary
    assert page.stat().st_size > 10_000
    assert seen[0] == (0, 18_000)
    assert seen[-1] == (18_000, 18_000)


def test_halves_and_integers_are_read(tmp_path, two_views, small_memory):
    z = two_views[0]
    tensors = {"half": torch.tensor(z).half(), "brain": torch.tensor(z).bfloat16()}
    for name, rows in tensors.items():
        save_file({"embeddings": rows}, tmp_path / f"{name}.safetensors")
        found = nearfar.diagnose(tmp_path / f"{name}.safetensors")
        assert found.measurements["m_o"] == pytest.approx(
            nearfar.diagnose(rows.float()).measurements["m_o"], rel=1e-6
        )
    np.save(tmp_path / "whole.npy", (10 * z).astype(np.int16))
    np.save(tmp_path / "large.npy", (10 * z).astype(">f8"))
    for name in ("whole", "large"):
        assert nearfar.diagnose(tmp_path / f"{name}.npy").verdict == "no collapse seen"


def test_zeros_equal_rows_and_one_dimension(tmp_path, two_views, small_memory):
    z = two_views[0].copy()
    z[[3, 5]] = 0
    assert "2 of 900 rows have only zeros" in nearfar.diagnose(z).notes
    for rows in (np.zeros((50, 4)), np.ones((50, 4))):
        assert nearfar.diagnose(rows).verdict == "complete collapse"
    assert nearfar.diagnose(z[:, :1]).dim == 1


def test_bad_rows_and_files_are_named(tmp_path, two_views, small_memory, capsys):
    z = two_views[0]
    bad = z.copy()
    bad[700, 2] = np.nan
    folder = tmp_path / "parts"
    folder.mkdir()
    np.save(folder / "a.npy", z)
    np.save(folder / "b.npy", bad)
    with pytest.raises(
        ValueError, match=r"b\.npy must contain finite .* NaN or infinity in row 700"
    ):
        nearfar.diagnose(folder)
    np.save(folder / "b.npy", 1e20 * z)
    with pytest.raises(ValueError, match=r"b\.npy must contain finite numbers of at most 1e\+15"):
        nearfar.diagnose(folder)
    np.save(folder / "b.npy", z[:, :4])
    with pytest.raises(ValueError, match=r"b\.npy must have the columns of a\.npy, z1 6, got z1 4"):
        nearfar.diagnose(folder)
    save_file({"embeddings": torch.from_numpy(z)}, folder / "b.safetensors")
    with pytest.raises(ValueError, match=r"must have one extension, got \.npy, \.safetensors"):
        nearfar.diagnose(folder)
    with pytest.raises(ValueError, match="at least 2 rows"):
        nearfar.diagnose(z[:1])
    np.savez(tmp_path / "short.npz", z1=z, z2=z[:-1])
    with pytest.raises(ValueError, match=r"short\.npz: z2 must have 900 rows, as z1, got 899"):
        nearfar.diagnose(tmp_path / "short.npz")
    np.savez(tmp_path / "narrow.npz", z1=z, z2=z[:, :4])
    with pytest.raises(ValueError, match=r"narrow\.npz: z2 must have 6 columns, as z1, got 4"):
        nearfar.diagnose(tmp_path / "narrow.npz")
    ragged = [*z[:-1].tolist(), [1.0]]
    parquet.write_table(pa.table({"embedding": ragged}), tmp_path / "ragged.parquet")
    with pytest.raises(ValueError, match=r"ragged\.parquet.* got 1 in row 899 and 6 in row 0"):
        nearfar.diagnose(tmp_path / "ragged.parquet")
    (tmp_path / "empty").mkdir()
    for argument in ("empty", "nowhere"):
        assert main(["diagnose", str(tmp_path / argument)]) == 2
        assert argument in capsys.readouterr().err
    with pytest.raises(ValueError, match=r"contains no recipe\.toml"):
        nearfar.diagnose(tmp_path / "empty")


def test_a_file_that_is_cut_short_is_named(tmp_path, two_views, small_memory):
    for path in written(tmp_path, *two_views):
        content = path.read_bytes()
        path.write_bytes(content[: len(content) * 2 // 3])
        with pytest.raises(ValueError, match=path.name):
            nearfar.diagnose(path)
    np.save(tmp_path / "e.npy", two_views[0])
    path = tmp_path / "e.npy"
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(ValueError, match=r"e\.npy is damaged: shorter than its header states"):
        nearfar.diagnose(path)


def test_damage_inside_a_compressed_file_is_found(tmp_path, two_views, small_memory):
    path = tmp_path / "e.npz"
    np.savez_compressed(path, z1=two_views[0], z2=two_views[1])
    content = bytearray(path.read_bytes())
    content[3_000:3_050] = bytes(50)
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"e\.npz: z1 "):
        nearfar.diagnose(path)


def test_a_small_file_and_an_array_are_held_in_memory(tmp_path, two_views, monkeypatch):
    def fail(*given):
        raise AssertionError("read in chunks")

    monkeypatch.setattr(_diagnosing, "_of_stream", fail)
    np.save(tmp_path / "e.npy", two_views[0])
    found = [nearfar.diagnose(tmp_path / "e.npy"), nearfar.diagnose(two_views[0])]
    assert every(record.verdict == "no collapse seen" for record in found)


def test_views_in_a_folder_are_given_as_two_files(tmp_path, two_views):
    for name, view in zip(("z1.npy", "z2.npy"), two_views, strict=True):
        np.save(tmp_path / name, view)
    with pytest.raises(ValueError, match="give both files instead of the folder"):
        nearfar.diagnose(tmp_path)
