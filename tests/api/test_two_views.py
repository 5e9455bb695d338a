"""Files of embeddings remember their run, and two views of them have its verdict."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace

import numpy as np
import pytest
from pyarrow import parquet

import nearfar
from nearfar import api
from nearfar.cli import main
from tests.every import every
from tests.older_runs import as_older

ALARM = "dimensional collapse"


@pytest.fixture
def run(digits_run, tmp_path):
    """A copy of the run, which a test may change."""
    as_older(shutil.copytree(digits_run.path, tmp_path / "runs" / "digits"))
    return nearfar.load(tmp_path / "runs" / "digits")


def judged(run, verdict, **changes):
    """Give a run another verdict."""
    health = run.health
    verdicts = (verdict,)
    findings = tuple(
        replace(f, healthy=False, reading="as the test says") if f.name == "spherical_rank" else f
        for f in health.findings
    )
    summary = f"{verdict}: as the test says"
    made = replace(health, verdict=verdict, verdicts=verdicts, summary=summary, findings=findings)
    replace(made, **changes).save(run.directory.health)


def sound(path, run):
    """A file of embeddings of the run that look good by themselves."""
    rows = np.random.default_rng(0).normal(size=(200, 16)).astype(np.float32)
    made = run.embed("digits", ids=True)
    names = made.ids[:200]
    return api.save_embeddings(path, rows, names, notes=made.notes, origin=made.origin)


def test_two_views_of_the_watched_samples_have_the_verdict_of_the_run(digits_run, tmp_path):
    views = digits_run.embed_views()
    assert [*views.matrices] == ["z1", "z2", "h1", "h2", *[*views.matrices][4:]]
    assert (views["z1"].shape, views["h2"].shape) == ((180, 128), (180, 256))
    assert len(views.ids) == 180
    expected = digits_run.health
    found = [nearfar.diagnose(views)]
    for name in ("e.npz", "e.parquet"):
        found.append(nearfar.diagnose(api.save_views(tmp_path / name, views)))
    for health in found:
        assert health.verdicts == expected.verdicts
        assert health.summary == expected.summary
        shared = health.measurements.keys() & expected.measurements.keys()
        assert {"alignment", "loss", "representation_rank"} <= shared
        for name in shared:
            assert health.measurements[name] == pytest.approx(expected.measurements[name], rel=1e-3)
        assert health.advice == expected.advice
    with pytest.raises(ValueError, match=r"must end in \.npz or \.parquet for two views"):
        api.save_views(tmp_path / "e.npy", views)
    first, second = api.load_embeddings(tmp_path / "e.npz")
    np.testing.assert_array_equal(first.numpy(), views["z1"])
    np.testing.assert_array_equal(second.numpy(), views["z2"])


def test_two_views_of_other_data(digits_run, tmp_path):
    pictures = np.random.default_rng(0).integers(0, 17, (40, 8, 8)).astype(np.uint8)
    views = digits_run.embed_views(pictures)
    assert views["z1"].shape == (40, 128)
    assert views.origin.loss is None
    assert "loss" not in nearfar.diagnose(views).measurements


@pytest.mark.full
def test_a_file_remembers_its_run(digits_run, tmp_path):
    made = digits_run.embed("digits", ids=True, pool="mean")
    for name in ("e.npz", "e.npy", "e.parquet"):
        api.save_embeddings(tmp_path / name, *made, origin=made.origin)
    with np.load(tmp_path / "e.npz") as arrays:
        stored = [json.loads(str(arrays["nearfar"]))["run"]]
    stored.append(json.loads((tmp_path / "e.json").read_text())["run"])
    metadata = parquet.read_schema(tmp_path / "e.parquet").metadata
    stored.append(json.loads(metadata[b"nearfar"])["run"])
    for known in stored:
        assert known["run"] == str(digits_run.path.absolute())
        assert (known["method"], known["output"], known["pool"]) == (
            "simclr",
            "representations",
            "mean",
        )
        assert known["nearfar"] == nearfar.__version__
        assert known["verdicts"] == [*digits_run.health.verdicts]
    notes = [nearfar.diagnose(tmp_path / name).notes for name in ("e.npz", "e.npy", "e.parquet")]
    assert every(any(str(digits_run.path) in note for note in said) for said in notes)


@pytest.mark.parametrize("name", ["e.npz", "e.npy", "e.parquet"])
def test_an_alarm_of_the_run_is_an_alarm_of_its_file(run, tmp_path, name, capsys):
    judged(run, ALARM)
    path = sound(tmp_path / name, run)
    found = nearfar.diagnose(path)
    assert found.verdict == ALARM
    assert found.verdicts == (ALARM,)
    assert "as the test says" in found.summary
    assert "of these embeddings alone: no collapse seen" in found.summary
    assert str(run.path) in found.summary
    evidence = next(f for f in found.findings if f.name == "run_spherical_rank")
    assert evidence.reading == "of the run: as the test says"
    assert main(["diagnose", str(path), "--json"]) == 3
    printed = json.loads(capsys.readouterr().out)
    assert (printed["verdict"], printed["verdicts"]) == (ALARM, [ALARM])
    assert main(["diagnose", str(path), "--report", str(tmp_path / "page.html")]) == 3
    assert "run spherical rank" in (tmp_path / "page.html").read_text().lower()


def test_alarms_are_joined_gravest_first(run, tmp_path):
    judged(run, "duplicates")
    rows = np.ones((100, 8), np.float32)
    made = run.embed("digits", ids=True)
    path = api.save_embeddings(tmp_path / "e.npz", rows, made.ids[:100], origin=made.origin)
    found = nearfar.diagnose(path)
    assert found.verdicts == ("complete collapse", "duplicates")
    assert found.verdict == "complete collapse"
    assert f"the verdict on the run {run.path} is also duplicates" in found.summary


def test_a_good_verdict_on_the_run_is_a_note(run, tmp_path):
    judged(run, "healthy")
    found = nearfar.diagnose(sound(tmp_path / "e.npz", run))
    assert found.verdict == "no collapse seen"
    assert "is healthy (of two views of 180 held-out samples)" in found.notes[0]
    assert "cannot show agreement" in found.notes[0]


def test_the_verdict_at_the_time_counts_if_the_run_is_gone(run, tmp_path):
    judged(run, ALARM)
    path = sound(tmp_path / "e.npz", run)
    moved = tmp_path / "elsewhere"
    moved.mkdir()
    for name in ("runs", "e.npz"):
        shutil.move(tmp_path / name, moved / name)
    path = moved / "e.npz"
    assert "elsewhere" in nearfar.diagnose(path).summary  # moved together with its run
    shutil.rmtree(moved / "runs")
    found = nearfar.diagnose(path)
    assert found.verdict == ALARM
    assert "when the file was written" in found.summary
    assert found.confidence is None


def test_another_run_at_the_same_place_is_not_that_of_the_file(run, tmp_path):
    judged(run, "healthy")
    path = sound(tmp_path / "e.npz", run)
    recipe = run.directory.recipe
    recipe.write_text(recipe.read_text() + "\n# another\n")
    judged(run, ALARM)
    found = nearfar.diagnose(path)
    assert found.verdict == "no collapse seen"
    assert "no longer there" in found.notes[0]


@pytest.mark.slow
def test_representations_of_a_run_have_its_alarms_too(run):
    judged(run, ALARM)
    assert ALARM in run.diagnose("digits").verdicts


def test_two_views_need_the_last_checkpoint(run):
    shutil.rmtree(run.directory.checkpoints)
    with pytest.raises(ValueError, match="two views need the projector"):
        run.embed_views()


def test_a_file_of_two_views_is_searched_by_its_representations(digits_run, tmp_path):
    views = digits_run.embed_views()
    path = api.save_views(tmp_path / "e.npz", views)
    found, expected = (nearfar.neighbors(z, of=3, k=2) for z in (path, views["h1"]))
    rows = [[near.row for near in record.queries[0].neighbors] for record in (found, expected)]
    assert rows[0] == rows[1]
    with pytest.raises(ValueError, match="`second` must be unset"):
        nearfar.diagnose(path, path)


def test_embed_writes_two_views(digits_run, tmp_path, capsys):
    run, out = str(digits_run.path), str(tmp_path / "e.npz")
    assert main(["embed", run, "--two-views", "--out", out]) == 0
    assert "two views of 180 samples: z1 128, z2 128, h1 256, h2 256" in capsys.readouterr().out
    assert main(["embed", run, "--two-views", "--out", str(tmp_path / "e.npy")]) == 2
    assert main(["embed", run, "--two-views", "--steps"]) == 2
    assert main(["embed", run, "--two-views", "--layer", "0"]) == 2
    said = capsys.readouterr().err
    assert "`out` must end in .npz or .parquet for two views" in said
    assert "`steps` must be unset with `two-views`" in said
    assert "`layer` must be unset with `two-views`" in said


def test_pairs_and_methods_without_positives_have_two_views(tmp_path):
    rows = np.random.default_rng(0).normal(size=(60, 12)).astype(np.float32)
    run = nearfar.pretrain(
        "autoencoder", rows, epochs=1, batch_size=16, out=tmp_path / "a", progress=False
    )
    with pytest.raises(ValueError, match="Python object"):
        run.embed_views()
    np.save(tmp_path / "rows.npy", rows)
    run = nearfar.pretrain(
        "autoencoder",
        tmp_path / "rows.npy",
        epochs=1,
        batch_size=16,
        out=tmp_path / "b",
        progress=False,
    )
    views = run.embed_views()
    assert not views.origin.positives
    assert nearfar.diagnose(views).verdicts == run.health.verdicts
