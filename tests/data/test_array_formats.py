"""Files of arrays: each format gives the array that was saved; damage is one line."""

from __future__ import annotations

import gzip
import struct
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst
from numpy.typing import NDArray

from nearfar.data import Source, modality_of, open_labeled, open_source
from nearfar.data._array_files import open_array_file

Arrays = Mapping[str, NDArray[Any]]


def save_npz(path: Path, arrays: Arrays) -> None:
    np.savez(path, **arrays)


def save_safetensors(path: Path, arrays: Arrays) -> None:
    from safetensors.numpy import save_file

    save_file({key: np.ascontiguousarray(array) for key, array in arrays.items()}, path)


def save_mat(path: Path, arrays: Arrays) -> None:
    from scipy.io import savemat

    savemat(path, dict(arrays))


def save_mat_73(path: Path, arrays: Arrays) -> None:
    """As MATLAB does: HDF5 after 512 bytes of its own, columns first."""
    import h5py

    with h5py.File(path, "w", userblock_size=512) as file:
        file.create_group("#refs#")
        for key, array in arrays.items():
            file[key] = array.T
    with path.open("r+b") as file:
        file.write(b"MATLAB 7.3 MAT-file")


def save_hdf5(path: Path, arrays: Arrays) -> None:
    import h5py

    with h5py.File(path, "w") as file:
        for key, array in arrays.items():
            file[key] = array


def save_hdf5_in_chunks(path: Path, arrays: Arrays) -> None:
    import h5py

    with h5py.File(path, "w") as file:
        for key, array in arrays.items():
            file.create_dataset(f"deep/{key}", data=array, chunks=True, compression="gzip")


def save_zarr(path: Path, arrays: Arrays) -> None:
    import zarr

    group = zarr.open_group(str(path), mode="w")
    for key, array in arrays.items():
        made = group.create_array(key, shape=array.shape, dtype=array.dtype)
        made[...] = array


FORMATS: Mapping[str, Callable[[Path, Arrays], None]] = {
    "a.npz": save_npz,
    "a.safetensors": save_safetensors,
    "a.mat": save_mat,
    "b.mat": save_mat_73,
    "a.h5": save_hdf5,
    "a.hdf5": save_hdf5_in_chunks,
    "a.zarr": save_zarr,
}
NAMES = pytest.mark.parametrize("name", FORMATS)


@settings(max_examples=15, deadline=None)
@given(
    npst.arrays(
        st.sampled_from([np.uint8, np.int16, np.int32, np.float32, np.float64]),
        npst.array_shapes(min_dims=2, max_dims=4, min_side=1, max_side=5),
    )
)
def test_every_format_gives_the_array_that_was_saved(array: NDArray[Any]) -> None:
    with tempfile.TemporaryDirectory() as place:
        for name, save in FORMATS.items():
            path = Path(place) / name
            save(path, {"x": array})
            with open_array_file(path) as file:
                (key,) = file
                found = file[key]
                assert file.shapes == {key: array.shape}, name
                assert found.dtype == array.dtype, name
                np.testing.assert_array_equal(found, array, err_msg=name)


def numbers(source: Source, positions: list[int]) -> torch.Tensor:
    inputs: Any = source.read(positions).inputs
    if isinstance(inputs, torch.Tensor):
        return inputs
    found: torch.Tensor = getattr(inputs, "pixels", None)
    return inputs.values if found is None else found


def images(count: int = 6, side: int = 12) -> NDArray[np.uint8]:
    return np.random.default_rng(0).integers(0, 256, (count, side, side, 3)).astype(np.uint8)


@NAMES
def test_images_vectors_and_sequences_come_from_every_format(tmp_path: Path, name: str) -> None:
    pixels, labels = images(), np.array([0, 1, 0, 1, 2, 2])
    series = np.random.default_rng(1).normal(size=(6, 2, 20)).astype(np.float32)
    for modality, values in (
        ("images", pixels),
        ("vectors", series[:, 0]),
        ("sequences", series),
    ):
        path = tmp_path / modality / name
        path.parent.mkdir()
        FORMATS[name](path, {"x": values, "y": labels, "x_test": values[:3], "y_test": labels[:3]})
        data = open_labeled(path, modality=modality)
        assert data.train_labels.tolist() == labels.tolist()
        assert data.test is not None
        assert len(data.test) == 3
        expected = open_source(values, modality=modality)
        assert torch.equal(numbers(data.train, [0, 4]), numbers(expected, [0, 4]))


@NAMES
def test_the_modality_is_recognized_by_the_shape(tmp_path: Path, name: str) -> None:
    FORMATS[name](tmp_path / name, {"x": np.zeros((9, 4), np.float32)})
    assert modality_of(tmp_path / name) == "vectors"
    path = tmp_path / "deep" / name
    path.parent.mkdir()
    FORMATS[name](path, {"x": images()})
    assert modality_of(path) == "images"


@NAMES
def test_an_ambiguous_array_is_chosen_by_its_key(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    first, second = np.zeros((5, 20)), np.arange(100.0).reshape(5, 20)
    FORMATS[name](path, {"before": first, "after": second})
    prefix = "deep/" if name == "a.hdf5" else ""
    for modality in ("vectors", "sequences"):
        with pytest.raises(ValueError, match=r"is ambiguous: name it x, or give its name as `key`"):
            open_source(path, modality=modality)
        source = open_source(path, modality=modality, key=f"{prefix}after")
        assert len(source) == 5
        assert numbers(source, [1]).flatten().tolist() == second[1].tolist()
        with pytest.raises(ValueError, match=r"`key` must be an array in .*, got 'aftre'"):
            open_source(path, modality=modality, key="aftre")


@NAMES
@pytest.mark.parametrize("keep", [0.0, 0.3, 0.9])
def test_a_damaged_file_is_one_line_with_its_name(tmp_path: Path, name: str, keep: float) -> None:
    path = tmp_path / name
    noise = np.random.default_rng(0).integers(0, 256, (40, 16, 16, 3)).astype(np.uint8)
    FORMATS[name](path, {"x": noise})
    files = [file for file in path.rglob("*") if file.is_file()] or [path]
    for file in files:
        content = file.read_bytes()
        file.write_bytes(content[: int(keep * len(content))])
    with pytest.raises(ValueError, match="is damaged") as raised:
        open_source(path, modality="images")
    assert name in str(raised.value)
    assert "\n" not in str(raised.value)


def test_matlab_has_the_samples_on_the_last_axis(tmp_path: Path) -> None:
    pixels = images(7)
    labels = np.array([[1.0, 2, 1, 2, 1, 2, 10]]).T
    save_mat(tmp_path / "cropped.mat", {"X": np.moveaxis(pixels, 0, -1), "y": labels})
    data = open_labeled(tmp_path / "cropped.mat")
    assert data.class_names == ("1", "2", "10")
    read = data.train.read(range(7)).inputs.pixels
    assert torch.equal(read, torch.from_numpy(np.moveaxis(pixels, -1, 1)))
    assert "samples are on the last axis, as in MATLAB: 12×12×3×7 read as 7×12×12×3" in (
        data.train.notes
    )


def test_cells_of_texts_are_labels_and_sparse_matrices_are_read(tmp_path: Path) -> None:
    from scipy.sparse import csc_matrix

    names = np.array([["ape"], ["bee"], ["ape"], ["bee"]], dtype=object)
    values = np.eye(4, 6)
    save_mat(tmp_path / "s.mat", {"x": csc_matrix(values), "label": names})
    data = open_labeled(tmp_path / "s.mat", modality="vectors")
    assert data.class_names == ("ape", "bee")
    assert numbers(data.train, [0, 1, 2, 3]).tolist() == values.tolist()


def test_groups_are_parts_of_a_split(tmp_path: Path) -> None:
    import h5py

    with h5py.File(tmp_path / "s.h5", "w") as file:
        for part, count in (("train", 6), ("test", 3)):
            file[f"{part}/images"] = images(count)
            file[f"{part}/labels"] = np.arange(count) % 3
    data = open_labeled(tmp_path / "s.h5")
    assert data.test is not None
    assert (len(data.train), len(data.test)) == (6, 3)


def test_structs_and_records_are_refused_with_what_to_do(tmp_path: Path) -> None:
    save_mat(tmp_path / "struct.mat", {"x": np.array([{"a": 1}, {"b": 2}], dtype=object)})
    records = np.zeros(5, dtype=[("age", "f4"), ("height", "f4")])
    np.save(tmp_path / "records.npy", records)
    with pytest.raises(TypeError, match=r"struct.mat contains Python objects .* save plain"):
        open_source(tmp_path / "struct.mat", modality="vectors", key="x")
    with pytest.raises(TypeError, match=r"records with the fields age, height: save each field"):
        open_source(tmp_path / "records.npy", modality="vectors")


def idx(array: NDArray[Any]) -> bytes:
    """The format of MNIST."""
    codes = {"|u1": 8, "|i1": 9, ">i2": 11, ">i4": 12, ">f4": 13, ">f8": 14}
    head = struct.pack(">HBB", 0, codes[array.dtype.str], array.ndim)
    return head + struct.pack(f">{array.ndim}I", *array.shape) + array.tobytes()


def write_idx(folder: Path, *, zipped: bool, dotted: bool = False) -> NDArray[np.uint8]:
    pixels = images(8)[..., 0]
    for part, rows in (("train", slice(0, 6)), ("t10k", slice(6, 8))):
        for name, array in (
            ("images-idx3-ubyte", pixels[rows]),
            ("labels-idx1-ubyte", np.array([4, 7, 4, 7, 7, 4, 7, 4], np.uint8)[rows]),
        ):
            path = folder / f"{part}-{name.replace('-idx', '.idx') if dotted else name}"
            content = idx(array)
            if zipped:
                path, content = path.with_name(f"{path.name}.gz"), gzip.compress(content)
            path.write_bytes(content)
    return pixels


@pytest.mark.parametrize("dotted", [False, True])
@pytest.mark.parametrize("zipped", [False, True])
def test_the_files_of_mnist_are_read(tmp_path: Path, zipped: bool, dotted: bool) -> None:
    pixels = write_idx(tmp_path, zipped=zipped, dotted=dotted)
    data = open_labeled(tmp_path)
    assert data.class_names == ("4", "7")
    assert data.test is not None
    assert (len(data.train), len(data.test)) == (6, 2)
    assert len(open_source(tmp_path)) == 6
    path = next(path for path in tmp_path.iterdir() if path.name.startswith("train-images"))
    alone = open_labeled(path)
    assert alone.train_labels.tolist() == [0, 1, 0, 1, 1, 0]
    read = alone.train.read(range(6)).inputs.pixels[:, 0]
    assert torch.equal(read, torch.from_numpy(pixels[:6]))


@pytest.mark.parametrize("kind", ["|u1", "|i1", ">i2", ">i4", ">f4", ">f8"])
def test_every_type_of_idx_is_read(tmp_path: Path, kind: str) -> None:
    values = np.arange(12).reshape(3, 4).astype(kind)
    (tmp_path / "a.idx").write_bytes(idx(values))
    with open_array_file(tmp_path / "a.idx") as file:
        np.testing.assert_array_equal(file[""], values)
        assert file[""].dtype.isnative
    (tmp_path / "a.idx").write_bytes(idx(values)[:-1])
    with (
        pytest.raises(ValueError, match=r"a\.idx .* truncated"),
        open_array_file(tmp_path / "a.idx"),
    ):
        pass


def test_parquet_with_lists_is_an_array(tmp_path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    values = np.random.default_rng(0).normal(size=(5, 20))
    table = pa.table({"x": list(values), "y": ["a", "b", "a", "b", "b"]})
    pq.write_table(table, tmp_path / "s.parquet")
    data = open_labeled(tmp_path / "s.parquet", modality="sequences", key="x")
    assert data.class_names == ("a", "b")
    read = data.train.read([3]).inputs.values[0, 0]
    np.testing.assert_array_equal(read.numpy(), values[3].astype(np.float32))


def test_a_compressed_array_is_read(tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", images())
    (tmp_path / "x.npy.gz").write_bytes(gzip.compress((tmp_path / "x.npy").read_bytes()))
    plain, zipped = (open_source(tmp_path / name) for name in ("x.npy", "x.npy.gz"))
    assert torch.equal(plain.read([2]).inputs.pixels, zipped.read([2]).inputs.pixels)


@pytest.mark.parametrize(("name", "library"), [("a.h5", "h5py"), ("a.zarr", "zarr")])
def test_a_missing_library_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, library: str
) -> None:
    FORMATS[name](tmp_path / name, {"x": images()})
    monkeypatch.setitem(__import__("sys").modules, library, None)
    with pytest.raises(ImportError, match=rf"{library}: pip install 'nearfar\[arrays\]'"):
        open_source(tmp_path / name)


def test_parquet_with_lists_needs_only_a_modality(tmp_path: Path) -> None:
    pytest.importorskip("pyarrow")
    import pyarrow as pa
    import pyarrow.parquet as pq

    values = np.arange(8 * 2 * 30, dtype=np.float64).reshape(8, 2, 30) / 480
    held = pa.table({"x": values.tolist(), "name": list("abcdefgh")})
    pq.write_table(held, tmp_path / "a.parquet")
    series = open_source(tmp_path / "a.parquet", modality="sequences")
    assert series.describe() == "8 series of 30 steps in 2 channels"
    images = open_source(tmp_path / "a.parquet", modality="images")
    assert images.describe() == "8 grey images 30×2"
    pq.write_table(pa.table({"a": [{"b": 1}]}), tmp_path / "b.parquet")
    for modality in ("images", "sequences"):
        with pytest.raises(ValueError, match=r"b\.parquet contains no array of numbers"):
            open_source(tmp_path / "b.parquet", modality=modality)
