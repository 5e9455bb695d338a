"""The comparison of two commits finds what was planted, and asks for a reason."""

from __future__ import annotations

import json
import math
import sys
from pathlib import Path
from typing import Any

import pytest
import torch

sys.path.insert(0, str(Path(__file__).parents[2] / "scripts"))

import compare_commits
import measure_commit
from compare_commits import Expected, compare
from measured_functions import arguments_of
from measured_samples import trained_files
from measured_values import Measured, describe_array

from nearfar.methods import SimCLR
from nearfar.objectives import nt_xent_loss, swapped_prediction_loss

NUMBERS = {"data/a": 1.0, "data/b": torch.arange(3.0), "views/c": "a word", "views/d": math.nan}


def measurement(numbers: dict[str, Any]) -> dict[str, Any]:
    measured = Measured()
    for name, value in numbers.items():
        measured.add(name, value)
    about = {"name": "a commit", "versions": {"torch": "2"}, "parts": ["data", "views"]}
    return json.loads(json.dumps({**about, "values": measured.values}))


def run(folder: Path, new: dict[str, Any], expected: str = "", *, old: Any = NUMBERS) -> int:
    for name, numbers in (("old", old), ("new", new)):
        (folder / f"{name}.json").write_text(json.dumps(measurement(numbers)), encoding="utf-8")
    (folder / "reasons.toml").write_text(expected, encoding="utf-8")
    given = [str(folder / "old.json"), str(folder / "new.json")]
    options = ["--expected", str(folder / "reasons.toml"), "--json", str(folder / "all.json")]
    return compare_commits.main([*given, *options])


def test_a_tree_reads_data_as_itself(tmp_path):
    first, second = (measure_commit.measure(["data"], tmp_path / name) for name in "ab")
    about = {"name": "a tree", "versions": {}, "parts": ["data"]}
    both = ({**about, "values": measured.values} for measured in (first, second))
    comparison = compare(*both, Expected())
    assert comparison.differences == ()
    assert len(comparison.equal) > 100
    assert [name for name, value in first.values.items() if "why" in value] == []


@pytest.mark.slow
def test_a_tree_shows_and_trains_as_itself(tmp_path):
    sample = trained_files(tmp_path)["vectors"]
    preset = next(preset for preset in measure_commit.presets() if preset.name == "simclr")
    found = []
    for name in "ab":
        measured = Measured()
        views = measure_commit.views_of(preset, sample, tmp_path / f"views-{name}")
        measured.add("views", views)
        updates = measure_commit.updates_of(preset, sample, tmp_path / name)
        measured.add("methods", updates)
        for record in ("health.json", "metrics.jsonl"):
            measured.add(record, measure_commit.read_record(tmp_path / name / record))
        found.append(measured.values)
    assert found[0] == found[1]
    assert found[0]["views/0"]["shape"][0] == measure_commit.BATCH
    assert found[0]["methods/losses"]["shape"] == [measure_commit.UPDATES]
    assert found[0]["metrics.jsonl/train/loss"]["shape"] == [measure_commit.UPDATES]
    assert "health.json/measurements/uniformity" in found[0]
    assert SimCLR.project.__qualname__ == "SimCLR.project"  # nothing is left in its place


def test_equal_measurements_have_no_difference(tmp_path, capsys):
    assert run(tmp_path, NUMBERS) == 0
    assert "Without a reason" not in capsys.readouterr().out


def test_what_differs_is_listed_with_its_largest_difference(tmp_path, capsys):
    changed = torch.tensor([0.0, 1.0, 2.25])
    assert run(tmp_path, {**NUMBERS, "data/a": 1.5, "data/b": changed, "views/c": "another"}) == 1
    shown = capsys.readouterr().out
    assert "| `data/a` | 1 | 1.5 | 0.5 |" in shown
    assert "| 0.25 |" in shown
    assert "| `views/c` | a word | another |  |" in shown
    written = json.loads((tmp_path / "all.json").read_text(encoding="utf-8"))
    names = [difference["name"] for difference in written["differences"]]
    assert names == ["data/a", "data/b", "views/c"]


def test_what_exists_on_one_side_only_is_a_difference(tmp_path, capsys):
    assert run(tmp_path, {"data/new": 2.0, **{k: NUMBERS[k] for k in ("data/b", "views/d")}}) == 1
    shown = capsys.readouterr().out
    assert "| `data/a` | 1 | — |  |" in shown
    assert "| `data/new` | — | 2 |  |" in shown
    assert "| data | 1 | 0 | 1 | 1 |" in shown


def test_a_difference_with_a_reason_is_no_failure(tmp_path, capsys):
    expected = '[[expected]]\nnames = ["data/a", "views/*"]\nreason = "rounded"\n'
    assert run(tmp_path, {**NUMBERS, "data/a": 2.0, "views/c": "other"}, expected) == 0
    assert "## rounded (2)" in capsys.readouterr().out
    assert run(tmp_path, {**NUMBERS, "data/a": 2.0, "data/b": 0.0, "views/c": ""}, expected) == 1


def test_a_reason_that_explains_nothing_is_reported(tmp_path, capsys):
    expected = '[[expected]]\nnames = ["data/a", "data/gone*"]\nreason = "rounded"\n'
    assert run(tmp_path, {**NUMBERS, "data/a": 2.0}, expected) == 1
    assert "* no difference matches 'data/gone*'" in capsys.readouterr().out


def test_a_reason_for_what_was_not_measured_is_left_alone(tmp_path):
    expected = '[[expected]]\nnames = ["methods/*"]\nreason = "another optimiser"\n'
    assert run(tmp_path, NUMBERS, expected) == 0


def test_only_the_parts_that_are_asked_for_are_compared(tmp_path):
    assert run(tmp_path, {**NUMBERS, "data/a": 2.0}) == 1
    both = [str(tmp_path / "old.json"), str(tmp_path / "new.json")]
    options = ["--expected", str(tmp_path / "reasons.toml"), "--keep", str(tmp_path / "kept")]
    assert compare_commits.main([*both, "--only", "views", *options]) == 0
    kept = json.loads((tmp_path / "kept" / "a-commit.json").read_text(encoding="utf-8"))
    assert set(kept["values"]) == set(NUMBERS)


def test_names_that_changed_are_followed(tmp_path):
    old = {"views/images/dgi/0": 1.0, "views/images/dgi_like/0": 2.0}
    new = {"views/images/deep_graph_infomax/0": 1.0, "views/images/dgi_like/0": 2.0}
    assert run(tmp_path, new, '[renamed]\ndgi = "deep_graph_infomax"\n', old=old) == 0


def test_an_unknown_part_is_refused(capsys):
    with pytest.raises(SystemExit, match="2"):
        compare_commits.main(["--only", "view"])
    assert "--only takes views, methods, readings, data, got view" in capsys.readouterr().err


def test_every_committed_reason_is_a_sentence():
    path = compare_commits.SCRIPTS / "expected_differences.toml"
    expected = Expected.load(path)
    assert expected.since
    assert [reason for _, reason in expected.reasons if len(reason.split()) < 4] == []


@pytest.mark.parametrize(
    "other", [torch.tensor([0.0, 2.0]), torch.tensor([-0.0, 1.0]), torch.tensor([[0.0, 1.0]])]
)
def test_the_digest_of_an_array_tells_values_signs_of_zero_and_shapes_apart(other):
    array = torch.tensor([0.0, 1.0])
    assert describe_array(array) == describe_array(array.clone())
    assert describe_array(array)["array"] != describe_array(other)["array"]
    assert describe_array(array)["array"] != describe_array(array.double())["array"]


def test_sentences_and_speeds_are_not_measured():
    measured = Measured()
    measured.add("run", {"seconds": 2.0, "summary": "all is well", "findings": [{"name": "m_o"}]})
    measured.add(
        "run", {"findings": [{"name": "m_r", "value": {"float": "inf"}, "reading": "low"}]}
    )
    assert measured.values == {"run/findings/m_r/value": {"number": math.inf}}


def test_arguments_are_drawn_in_the_shape_of_the_annotation():
    assert arguments_of(nt_xent_loss)["z1"].shape == (12, 8)
    torch.testing.assert_close(arguments_of(nt_xent_loss)["z2"].norm(dim=1), torch.ones(12))
    assert set(arguments_of(swapped_prediction_loss)) == {"z1", "z2", "prototypes"}

    def unknown(value: complex) -> None: ...

    assert arguments_of(unknown) is None
