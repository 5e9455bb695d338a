"""Advice names what the recipe of the run can change, for the method that ran, as it is typed."""

from __future__ import annotations

import inspect
import shlex
import tempfile
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest

import nearfar
from nearfar._verdict_names import COMPLETE, DIMENSIONAL, HEALTHY, NOTHING
from nearfar.api._choices import find_modality, fit_training, opening
from nearfar.api._method_listing import find_preset, preset_names
from nearfar.api._recipe import Recipe, split_options
from nearfar.api._setup import Setup
from nearfar.cli._train_flags import derived_flags, parser
from nearfar.data import Source, open_source
from nearfar.diagnostics._remedies import advise_on, against
from nearfar.records import HealthRecord, Remedy
from tests.contract.test_method_runs import trained_on
from tests.slow import mostly_slow

BAD = (COMPLETE, DIMENSIONAL, NOTHING)
OTHERS = (
    "SimCLR",
    "MoCo",
    "BYOL",
    "SimSiam",
    "VICReg",
    "Barlow",
    "SwAV",
    "CPC",
    "AMDIM",
    "Infomax",
)
every_preset = pytest.mark.parametrize("name", preset_names())


def prepared(name: str, source: Any, given: dict[str, Any], **changes: Any) -> Setup:
    """The setup of a run of one epoch, without training it."""
    given = {key: value for key, value in given.items() if key != "method_options"} | {"epochs": 1}
    kind = find_modality(source, modality=None, method=name, given=given)
    of_data, of_training = split_options(given, kind=kind)
    opened = source if isinstance(source, Source) else None
    opened = opened or open_source(source, modality=kind.data, **opening(kind, of_data))
    preset = find_preset(name)
    of_training |= {k: v for k, v in changes.items() if not k.endswith("_options")}
    recipe = Recipe(
        method=name,
        modality=kind.name,
        encoder=kind.encoder,
        options=of_data,
        method_options=changes.get("method_options", {}),
        view_options=changes.get("view_options", {}),
        training=fit_training(of_training, kind=kind, preset=preset, source=opened),
    )
    return Setup.prepare(recipe, opened, kind.encoder, None, None, preset=preset)


@cache
def described(name: str) -> tuple[Any, dict[str, Any], dict[str, Any]]:
    """Data for a method, the keyword arguments of a short run, and the method's own among them."""
    data, options = trained_on(name, Path(tempfile.mkdtemp()))
    return data, options, options.get("method_options", {})


def setup_of(name: str, **changes: Any) -> Setup:
    data, options, own = described(name)
    own = own | changes.pop("method_options", {})
    return prepared(name, data, options, method_options=own, **changes)


@pytest.mark.slow
@every_preset
def test_every_method_has_advice_on_every_bad_verdict_with_flags_that_it_has(name: str) -> None:
    setup = setup_of(name)
    taken: list[str] = []
    kind = setup.kind
    app = parser(
        name,
        {},
        flags=derived_flags(name, kind),
        modality=kind.name,
        example=kind.example,
        call=lambda **values: taken.extend(values),
    )
    known = inspect.signature(find_preset(name)).parameters
    for verdict in BAD:
        changes = against(verdict, setup.remedies)
        lines = advise_on(verdict, setup.remedies)
        assert [line for line in lines if "--" in line] == [str(change) for change in changes]
        assert changes, verdict
        for change in changes:
            assert change.to != change.now
            assert change.table != "method" or change.option in known
            assert f"{change.flag} (now " in str(change)
            taken.clear()
            app(["--data", "digits", *shlex.split(change.flag)], result_action="return_value")
            called = (
                change.option
                if change.table == "training"
                else (f"{change.table}__{change.option}")
            )
            assert called in taken, change.flag
        assert not [word for word in OTHERS for line in lines if word in line]
    assert advise_on(HEALTHY, setup.remedies) == ()


@pytest.mark.parametrize("name", mostly_slow(preset_names(), quick=["simclr", "cpc", "vicreg"]))
def test_a_run_can_be_repeated_with_every_change(name: str) -> None:
    setup = setup_of(name)
    for change in setup.remedies:
        changed = setup_of(name, **change.keywords)
        now = {
            "method": changed.recipe.method_options,
            "views": changed.recipe.view_options,
            "training": vars(changed.recipe.training),
        }[change.table]
        assert now[change.option] == change.to
        left = [each for each in changed.remedies if each.option == change.option]
        assert [each.now for each in left if each.against == change.against] in ([], [change.to])


@pytest.mark.parametrize(
    ("name", "options", "verdict", "flags"),
    [
        ("simclr", {"temperature": 0.4}, COMPLETE, ["--method.temperature 0.2 (now 0.4)"]),
        ("byol", {"predictor": "none"}, COMPLETE, ["--method.predictor perceptron (now none)"]),
        ("simsiam", {"stop_gradient": False}, COMPLETE, ["--method.stop-gradient (now false)"]),
        ("vicreg", {"variance_weight": 0.0}, COMPLETE, ["--method.variance-weight 25 (now 0)"]),
        ("vicreg", {}, DIMENSIONAL, ["--method.covariance-weight 4 (now 1)"]),
        (
            "alignment_uniformity",
            {"uniformity_weight": 0.0},
            COMPLETE,
            ["--method.uniformity-weight 1 (now 0)"],
        ),
        ("cpc", {"steps": 2, "candidates": "same_sequence"}, COMPLETE, ["candidates batch"]),
    ],
)
def test_advice_names_the_setting_that_was_wrong(
    name: str, options: dict[str, Any], verdict: str, flags: list[str]
) -> None:
    lines = advise_on(verdict, setup_of(name, method_options=options).remedies)
    assert [flag for flag in flags if flag not in " | ".join(lines)] == []


def test_a_setting_at_its_best_value_is_not_advised() -> None:
    lines = advise_on(COMPLETE, setup_of("simclr", method_options={"temperature": 0.1}).remedies)
    assert not [line for line in lines if "temperature" in line]
    widest = setup_of("simclr", method_options={"hidden": 8192}).remedies
    assert not [line for line in advise_on(DIMENSIONAL, widest) if "projector" in line]
    without = setup_of("alignment_uniformity").remedies  # no contrastive term, so no temperature
    assert not [each for each in without if each.option == "temperature"]


def test_embeddings_of_unknown_origin_get_general_advice() -> None:
    import torch

    health = nearfar.diagnose(torch.ones(100, 8))
    assert health.verdict == COMPLETE
    assert health.remedies == ()
    assert not [line for line in health.advice if "--" in line]


@pytest.mark.slow
def test_a_collapsed_run_stores_its_remedies_as_flags_and_keywords(tmp_path: Path) -> None:
    options = {"predictor": "none", "decay": 0.0}
    run = nearfar.pretrain(
        "byol", "digits", epochs=8, learning_rate=0.03, method_options=options, out=tmp_path / "run"
    )
    health = run.health
    assert HealthRecord.from_json(health.to_json()) == health
    if health.verdict == HEALTHY:
        pytest.fail("BYOL without predictor and target network must collapse")
    assert any("--method.predictor perceptron (now none)" in line for line in health.advice)
    first = health.remedies[0]
    assert isinstance(first, Remedy)
    assert first.keywords == {"method_options": {"predictor": "perceptron"}}
    assert replace(first, to=first.now).applies is False
