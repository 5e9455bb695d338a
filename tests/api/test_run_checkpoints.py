"""The encoder of a checkpoint: embedded, judged and exported instead of the end of the run."""

from __future__ import annotations

import shutil

import numpy as np
import pytest
from safetensors.torch import load_file

import nearfar
from nearfar._verdict_names import OVER_TRAINED
from nearfar.api._best_checkpoint import with_best_checkpoint
from nearfar.records import HealthRecord, Metrics, WatchMetrics
from nearfar.training._checkpoint import BEST, save_best
from tests.every import every


@pytest.fixture(scope="module")
def run(digits_run, tmp_path_factory):
    """A run whose best state is the untrained one."""
    path = tmp_path_factory.mktemp("runs") / "best"
    shutil.copytree(digits_run.path, path)
    found = nearfar.load(path)
    state = found.prepared.method.state_dict()
    state = {name: value.contiguous() for name, value in state.items()}
    save_best(path / "checkpoints" / BEST, state=state, step=5, order=0.97, seconds=1.0)
    return found


def test_embeddings_and_exports_are_those_of_the_checkpoint(run, tmp_path):
    rows = np.random.default_rng(0).integers(0, 256, size=(4, 8, 8), dtype=np.uint8)
    best = nearfar.embed(run, rows, checkpoint="best")
    assert not np.allclose(best, run.embed(rows))
    np.testing.assert_array_equal(nearfar.embed(run.path, rows, checkpoint=5), best)
    np.testing.assert_allclose(run.at("last").embed(rows), run.embed(rows), atol=1e-6)
    before = (run.path / "encoder.safetensors").read_bytes()
    path = nearfar.export(run, checkpoint="best")
    assert path.name == "encoder-5.safetensors"
    assert (run.path / "encoder.safetensors").read_bytes() == before
    known = run.at(5).encoder.state_dict()
    assert every(value.equal(known[name]) for name, value in load_file(path).items())
    assert run.at("best").state_notes == ("the encoder is that after update 5 of 12, the best",)
    with pytest.raises(ValueError, match=r"`checkpoint` must be best, last or .* kept \(5"):
        run.at(7)


@pytest.mark.slow
def test_a_checkpoint_is_judged_by_what_was_known_at_it(run, tmp_path):
    found = nearfar.diagnose(run, checkpoint="best")
    assert found.measurements.get("updates", 5.0) <= 5.0
    assert found.notes[0] == "measured after update 5 of 12"
    assert run.health == run.directory.read_health()


def test_over_trained_names_the_update_of_the_peak(run):
    verdict = HealthRecord(
        verdict=OVER_TRAINED, summary=f"{OVER_TRAINED}: it fell", findings=(), advice=("stop",),
        measurements={}, samples=180, dim=8, verdicts=(OVER_TRAINED,),
    )  # fmt: skip
    orders = {5: 0.97, 10: 0.95, 12: 0.8}
    watch = tuple(WatchMetrics(step=s, representation_order=o) for s, o in orders.items())
    named = with_best_checkpoint(verdict, run.directory, Metrics(watch=watch))
    assert named.summary == "over-trained: it fell; best after update 5 of 12 (order 0.970)"
    assert named.advice[0].endswith("--checkpoint best")
    assert named.measurements == {"representation_order_best_update": 5.0}
    assert with_best_checkpoint(verdict, run.directory, Metrics(watch=watch[1:])) is verdict
