"""Runs on folders of recordings: resumed on the same contents only; a single one is embedded."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import nearfar
from nearfar.data import open_source
from tests.data.sounds import save, tone
from tests.older_runs import as_older


@pytest.fixture
def run(tmp_path: Path) -> nearfar.Run:
    for part in ("Training", "Testing"):
        for number in range(8):
            save(tmp_path / "songs" / part / f"{number}.wav", tone(200 + 50 * number, seconds=0.2))
    return nearfar.pretrain(
        "cpc", tmp_path / "songs", epochs=1, conv_width=8, context=8, out=tmp_path / "run"
    )


def test_a_run_resumes_with_the_fingerprint_of_an_earlier_version_but_not_on_other_contents(
    run: nearfar.Run, tmp_path: Path
) -> None:
    source = open_source(tmp_path / "songs")
    recipe = as_older(tmp_path / "run") / "recipe.toml"
    written = recipe.read_text()
    (former,) = source.former_fingerprints
    assert source.fingerprint in written
    recipe.write_text(written.replace(source.fingerprint, former))
    assert nearfar.resume(tmp_path / "run").path == run.path
    recipe.write_text(written)
    save(tmp_path / "songs" / "Training" / "0.wav", -tone(200, seconds=0.2))
    with pytest.raises(ValueError, match=r"`data` must be the data that .* was trained on"):
        nearfar.resume(tmp_path / "run")


def test_one_recording_is_embedded_as_among_others(run: nearfar.Run, tmp_path: Path) -> None:
    whole = np.asarray(run.embed(tmp_path / "songs"))
    assert len(whole) == 16
    alone = np.asarray(run.embed(tmp_path / "songs" / "Testing" / "3.wav"))
    np.testing.assert_allclose(alone[0], whole[3], atol=1e-5)


def test_one_series_is_embedded_in_the_units_of_the_run(tmp_path: Path) -> None:
    walks = np.random.default_rng(0).normal(size=(24, 2, 40)).cumsum(axis=2)
    options = {"modality": "sequences", "epochs": 2, "conv_width": 8, "context": 8}
    far, near = (
        nearfar.pretrain("cpc", values, out=tmp_path / name, **options)
        for name, values in (("far", walks * 1e-3 + 1.7e9), ("near", walks))
    )
    expected = np.asarray(near.embed(walks))
    assert expected.std(axis=0).min() > 1e-3
    np.testing.assert_allclose(far.embed(walks * 1e-3 + 1.7e9), expected, atol=1e-2)
    for count in (1, 3):
        alone = far.embed(walks[:count] * 1e-3 + 1.7e9)
        np.testing.assert_allclose(alone, far.embed(walks * 1e-3 + 1.7e9)[:count], atol=1e-5)
