"""A run stores the range of its images' values, and new data are mapped by it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import nearfar
from nearfar.api import Run
from nearfar.modalities import ImageForm
from tests.older_runs import as_older

PHOTOS = np.random.default_rng(0).integers(0, 256, (24, 16, 16, 3), dtype=np.uint8)
SCANS = np.random.default_rng(1).integers(-1000, 3000, (24, 16, 16)).astype(np.int16)


@pytest.fixture(scope="module")
def of_bytes(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return trained(PHOTOS, tmp_path_factory.mktemp("bytes") / "run")


@pytest.fixture(scope="module")
def of_scans(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return trained(SCANS, tmp_path_factory.mktemp("scans") / "run")


def trained(data: Any, out: Path) -> Run:
    return nearfar.pretrain("simclr", data, out=out, epochs=1, batch_size=8)


def test_the_range_is_stored_for_bytes_too(of_bytes: Run, of_scans: Run) -> None:
    assert of_bytes.description.form.value_range == (0, 255)
    assert of_scans.description.form.value_range == (SCANS.min(), SCANS.max())


def test_floats_are_mapped_like_the_bytes_of_the_training_data(of_bytes: Run) -> None:
    wanted = of_bytes.embed(PHOTOS)
    for values in (PHOTOS.astype(np.float32), PHOTOS.astype(np.int64), PHOTOS / 255):
        assert np.allclose(of_bytes.embed(values), wanted, atol=1e-5)
        assert np.allclose(of_bytes.embed(values[:1]), wanted[:1], atol=1e-5)
        assert np.allclose(of_bytes.embed(values[3:5]), wanted[3:5], atol=1e-5)


def test_one_sample_is_embedded_as_among_others(
    of_bytes: Run, of_scans: Run, tmp_path: Path
) -> None:
    (tmp_path / "photos").mkdir()
    (tmp_path / "scans").mkdir()
    Image.fromarray(PHOTOS[5]).save(tmp_path / "photos" / "a.png")
    Image.fromarray(SCANS[5].astype(np.int32)).save(tmp_path / "scans" / "a.tif")
    for run, data, folder in ((of_bytes, PHOTOS, "photos"), (of_scans, SCANS, "scans")):
        wanted = run.embed(data)[5:6]
        path = tmp_path / folder
        for one in (data[5:6], path, next(path.iterdir())):
            assert np.allclose(run.embed(one), wanted, atol=1e-5)


def test_training_on_one_image_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="at least 2 samples for training, got 1"):
        trained(PHOTOS[:1], tmp_path / "run")


def test_a_run_without_a_stored_range_still_loads(of_bytes: Run, tmp_path: Path) -> None:
    import shutil

    old = tmp_path / "old"
    as_older(shutil.copytree(of_bytes.path, old))
    stored = json.loads((old / "encoder.json").read_text())
    assert "missing_value" not in stored["form"]
    stored["form"]["value_range"] = None
    (old / "encoder.json").write_text(json.dumps(stored))
    run = nearfar.load(old)
    assert run.description.form == ImageForm(
        channels=3,
        image_size=of_bytes.description.form.image_size,
        mean=of_bytes.description.form.mean,
        std=of_bytes.description.form.std,
    )
    assert np.array_equal(run.embed(PHOTOS), of_bytes.embed(PHOTOS))


def test_a_missing_value_and_a_range_are_options_of_training(tmp_path: Path) -> None:
    marked = SCANS.copy()
    marked[:, 0] = -9999
    run = nearfar.pretrain(
        "simclr",
        marked,
        out=tmp_path / "run",
        epochs=1,
        batch_size=8,
        value_range=(-1000.0, 3000.0),
        missing_value=-9999.0,
    )
    form = run.description.form
    assert (form.value_range, form.missing_value) == ((-1000, 3000), -9999)
    dark = SCANS.copy()
    dark[:, 0] = -1000
    assert np.allclose(run.embed(marked), run.embed(dark), atol=1e-5)
