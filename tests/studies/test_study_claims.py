"""The claims of each study on made-up records: held, not held, undecided."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from nearfar.studies import find_study, judge
from nearfar.studies._study import given_by
from tests.studies.made_up import record_of

Values = Mapping[str, Mapping[str, Sequence[float]]]


def verdicts(name: str, config: Any, values: Values) -> dict[str, str]:
    """The verdict of each claim by its text."""
    study = find_study(name)
    record = record_of(study, config, values)
    return {c.text: c.verdict for c in judge(given_by(study.claims, config), record)}


def the(found: Mapping[str, str], word: str) -> str:
    (verdict,) = [verdict for text, verdict in found.items() if word in text]
    return verdict


CHANCE = find_study("chance")


@pytest.mark.parametrize(("deviation", "verdict"), [(1e-9, "held"), (1e-3, "not held")])
def test_chance(deviation: float, verdict: str) -> None:
    values = {row.name: {"deviation": [deviation]} for row in CHANCE.rows(CHANCE.config())}
    assert set(verdicts("chance", CHANCE.config(), values).values()) == {verdict}
    assert set(verdicts("chance", CHANCE.config(), {}).values()) == {"undecided"}


COUPON = find_study("coupon").config()
EXACT = {"recursion": [1e-12], "simulation": [2.0], "mean_z": [1.0], "collisions": [1e-12]}
CLASSES = {
    "10 classes": {**EXACT, "rounded": [30], "paper": [30]},
    "100 classes": {**EXACT, "naive": [4e-4], "rounded": [519], "paper": [519]},
}


def test_coupon_holds() -> None:
    assert set(verdicts("coupon", COUPON, CLASSES).values()) == {"held"}


@pytest.mark.parametrize(
    ("word", "changed"),
    [
        ("recursion", {"recursion": [1e-6]}),
        ("simulations", {"simulation": [4.5]}),
        ("mean number", {"mean_z": [4.5]}),
        ("collision", {"collisions": [1e-6]}),
        ("Table 3", {"rounded": [518]}),
        ("published sum", {"naive": [1e-9]}),
    ],
)
def test_coupon_does_not_hold(word: str, changed: dict[str, list[float]]) -> None:
    values = CLASSES | {"100 classes": CLASSES["100 classes"] | changed}
    found = verdicts("coupon", COUPON, values)
    assert the(found, word) == "not held"
    assert list(found.values()).count("held") == len(found) - 1
    assert the(verdicts("coupon", COUPON, {}), word) == "undecided"


ESTIMATORS = find_study("estimators").config(information=(1.0, 16.0), batches=(128,))
BELOW, ABOVE = ESTIMATORS.settings


def estimators(bias: Sequence[float], wider: Sequence[float], excess: float = -1) -> dict[str, str]:
    names = ("jensen_shannon", "donsker_varadhan", "nwj", "info_nce")
    values = {
        BELOW: {f"{name}_bias": bias for name in names} | {"excess": [excess]},
        ABOVE: {f"{name}_wider": wider for name in names} | {"excess": [excess]},
    }
    return verdicts("estimators", ESTIMATORS, values)


def test_estimators() -> None:
    held = estimators([0.1, -0.1, 0.2, 0.0], [2.0, 2.1, 2.2, 2.05])
    assert set(held.values()) == {"held"}
    refuted = estimators([9.0, 9.1, 9.2, 9.05], [-2.0, -2.1, -2.2, -2.05], excess=0.5)
    assert set(refuted.values()) == {"not held"}
    open_ = estimators([9.0, -9.0, 3.0, 1.0], [-2.0, 2.1, 0.5, 0.1])
    assert the(open_, "exceeds") == "held"
    assert list(open_.values()).count("undecided") == len(open_) - 1


BOUNDS = find_study("supervised_bounds").config(negatives=(8, 16, 32))
FEW, SIXTEEN, MANY, WORLDS = (row.name for row in find_study("supervised_bounds").rows(BOUNDS))


def bounds(grown: Sequence[float], excess: float = -50) -> dict[str, str]:
    """Verdicts where log10 of both upper bounds grows by this from 16 to 32 negatives."""
    values = {
        row: {f"{name}_{key}": [excess] if key == "excess" else [2.0 + g for g in growth]
              for name in ("curl", "coupon") for key in ("excess", "log")}
        for row, growth in {FEW: [9.0] * 3, SIXTEEN: [0.0] * 3, MANY: grown, WORLDS: [0.0]}.items()
    }  # fmt: skip
    return verdicts("supervised_bounds", BOUNDS, values)


def test_supervised_bounds() -> None:
    small, large = bounds([0.01, 0.02, 0.015]), bounds([1.4, 1.5, 1.6], excess=3.5)
    assert the(small, "doubles with each") == the(large, "tenfold") == "held"
    assert the(small, "tenfold") == the(large, "doubles with each") == "not held"
    for name in ("of CURL", "of Nozawa"):
        assert (the(small, name), the(large, name)) == ("held", "not held")
    open_ = bounds([-3.0, 3.0, 0.9])
    assert the(open_, "tenfold") == the(open_, "doubles with each") == "undecided"
    assert set(verdicts("supervised_bounds", BOUNDS, {}).values()) == {"undecided"}


ALIGN = find_study("align_or_uniform").config()


def align(
    uniform_alone: Sequence[float], align_alone: Sequence[float], both: Sequence[float]
) -> dict[str, str]:
    """Linear accuracy of each row, and the measurements that follow from it."""
    start = [0.40, 0.41, 0.405]
    values = {
        "untrained": {"knn": start, "linear": start},
        "alignment only": {"knn": align_alone, "uniformity": [-0.01, -0.02, -0.015]},
        "uniformity only": {
            "linear": uniform_alone,
            "uniformity": [-3.9, -3.92, -3.91],
            "alignment": [1.5, 1.6, 1.55],
        },
        "both": {"linear": both},
    }
    return verdicts("align_or_uniform", ALIGN, values)


def test_align_or_uniform() -> None:
    held = align([0.40, 0.41, 0.405], [0.30, 0.31, 0.305], [0.50, 0.51, 0.505])
    assert set(held.values()) == {"held"}
    refuted = align([0.50, 0.51, 0.505], [0.60, 0.61, 0.605], [0.50, 0.51, 0.506])
    assert the(refuted, "no better") == "not held"
    assert the(refuted, "beat uniformity only") == "not held"
    open_ = align([0.40, 0.60, 0.45], [0.30, 0.55, 0.40], [0.50, 0.51, 0.505])
    assert the(open_, "no better") == "undecided"
    assert the(open_, "beat uniformity only") == "undecided"


@pytest.mark.parametrize(
    ("column", "row", "word", "refuting", "open_"),
    [
        ("uniformity", "alignment only", "collapses", [-1.0, -1.1, -1.2], [-0.04, -0.3, 0.1]),
        ("uniformity", "uniformity only", "within 0.15", [-3.0, -3.01, -3.02], [-3.0, -4.2, -3.9]),
        ("alignment", "uniformity only", "views apart", [0.2, 0.21, 0.22], [0.5, 1.6, 1.0]),
    ],
)
def test_align_or_uniform_by_measurements(
    column: str, row: str, word: str, refuting: list[float], open_: list[float]
) -> None:
    found = verdicts("align_or_uniform", ALIGN, {row: {column: refuting}})
    assert the(found, word) == "not held"
    assert the(verdicts("align_or_uniform", ALIGN, {row: {column: open_}}), word) == "undecided"


RANKED = ("simclr", "moco_v2", "byol", "simsiam", "swav", "barlow_twins", "vicreg")
METHODS = find_study("methods").config(methods=(*RANKED, "supervised"))
STEADY = (0.0, 0.001, 0.002)


def methods(levels: Mapping[str, float], noise: Sequence[float] = STEADY, rank: float = 50) -> Any:
    """Verdicts where each row has this accuracy, by both probes, and this rank."""
    usual = {"raw": 0.3, "untrained": 0.3, "supervised": 0.6, **dict.fromkeys(RANKED, 0.5)}
    values = {
        name: {
            **{probe: [level + n for n in (noise if name != "raw" else [0.0])]
               for probe in ("knn", "linear")},
            "effective_rank": [rank + n for n in noise],
        }
        for name, level in (usual | dict(levels)).items()
    }  # fmt: skip
    return verdicts("methods", METHODS, values)


def test_methods() -> None:
    assert set(methods({}).values()) == {"held"}
    assert the(methods({"byol": 0.29}), "byol beats") == "not held"
    assert the(methods({"supervised": 0.4}), "labels beat") == "not held"
    assert the(methods({"vicreg": 0.4}), "within 5 points") == "not held"
    assert the(methods({}, rank=2), "effective rank") == "not held"


def test_methods_undecided() -> None:
    found = methods({"byol": 0.31}, noise=(-0.1, 0.0, 0.11))
    assert the(found, "byol beats") == "undecided"
    single = methods({}, noise=(0.0,))
    assert set(single.values()) == {"undecided"}
