"""``nearfar sweep``: flags as of training, values of their types, runs that are continued."""

from __future__ import annotations

import json

import numpy as np
import pytest

import nearfar
from nearfar import api
from nearfar.cli import main
from nearfar.cli._sweep_command import _read

BASE = ["simclr", "--data", "digits"]


def test_values_are_read_as_the_flags_of_training_read_them():
    assert _read(BASE, "temperature=.05,1") == ("method.temperature", [0.05, 1.0])
    assert _read(BASE, "learning-rate=1e-3") == ("learning_rate", [0.001])
    assert _read(BASE, "training.batch_size=32,64") == ("batch_size", [32, 64])
    assert _read(BASE, "views.crop_scale=.2 1,.5 1") == ("views.crop_scale", [(0.2, 1), (0.5, 1)])


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("temprature=.1", "temprature"),
        ("temperature=x", "temperature"),
        ("temperature", "NAME=VALUE"),
    ],
)
def test_mistakes_are_said_before_anything_is_trained(given, said, capsys, tmp_path):
    assert main(["sweep", *BASE, "--try", given, "--out", str(tmp_path / "s")]) == 2
    assert said in capsys.readouterr().err
    assert not (tmp_path / "s").exists()


def test_a_folder_of_another_sweep_is_refused(tmp_path):
    (tmp_path / "sweep.json").write_text("{}\n")
    with pytest.raises(ValueError, match="`out` must be new or of the same sweep"):
        nearfar.sweep(tries={"temperature": [0.1]}, out=tmp_path)
    with pytest.raises(ValueError, match="`tries` must have one or more values"):
        nearfar.sweep(tries={}, out=tmp_path)


@pytest.mark.slow
def test_a_sweep_is_continued_and_ranked_over_seeds(tmp_path, capsys):
    rows = np.random.default_rng(0).normal(size=(120, 8))
    np.save(tmp_path / "rows.npy", rows)
    words = ["sweep", "simclr", "--data", str(tmp_path / "rows.npy"), "--epochs", "1"]
    words += ["--batch-size", "32", "--try", "temperature=.1,.5", "--out", str(tmp_path / "s")]
    assert main([*words, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert [row["run"] for row in found["runs"]] == ["temperature=0.1", "temperature=0.5"]
    assert {run["name"] for run in found["ranking"]["runs"]} == {
        "temperature=0.1",
        "temperature=0.5",
    }
    recipe = api.load(tmp_path / "s" / "temperature=0.5").directory.read_recipe()
    assert recipe["method"]["temperature"] == 0.5
    before = (tmp_path / "s" / "temperature=0.1" / "run.json").stat().st_mtime_ns
    assert main([*words, "--json"]) == 0
    assert (tmp_path / "s" / "temperature=0.1" / "run.json").stat().st_mtime_ns == before
    again = nearfar.sweep(
        "simclr", rows, tries={"temperature": [0.1, 0.5]}, seeds=2, epochs=1, batch_size=32,
        out=tmp_path / "python",
    )  # fmt: skip
    assert len(again) == 4
    assert again.ranking is not None
    assert {run.seeds for run in again.ranking.runs} == {2}
