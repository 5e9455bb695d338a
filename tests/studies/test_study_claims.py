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


NEGATIVES = find_study("many_negatives").config(
    dims=(128,), temperatures=(0.1,), circle=(5,), sphere=(4, 50)
)
REACHED = {
    "uniform, m = 128": {"below": [-0.01] * 3, "at": [0.011, 0.012, 0.0115]},
    "perfect, m = 128, τ = 0.1": {"below": [-1e-3], "rise": [-1e-3], "slope": [-1], "at": [1.5]},
    "noisy views, τ = 0.5": {"slope": [-1, -1.1, -0.95]},
    "5 points on the circle": {"below": [-1], "spacing": [1e-9], "at": [1e-15]},
    "4 points on the sphere": {"below": [-1], "spacing": [1e-9]},
    "50 points on the sphere": {"below": [-1], "spacing": [0.3]},
}


def test_many_negatives() -> None:
    assert set(verdicts("many_negatives", NEGATIVES, REACHED).values()) == {"held"}
    assert set(verdicts("many_negatives", NEGATIVES, {}).values()) == {"undecided"}


@pytest.mark.parametrize(
    ("row", "changed", "word"),
    [
        ("uniform, m = 128", {"below": [0.01]}, "no loss"),
        ("uniform, m = 128", {"at": [0.05, 0.051, 0.052]}, "within 0.02"),
        ("perfect, m = 128, τ = 0.1", {"rise": [0.1]}, "every doubling"),
        ("perfect, m = 128, τ = 0.1", {"slope": [-0.3]}, "or faster from"),
        ("perfect, m = 128, τ = 0.1", {"at": [0.5]}, "1 nat"),
        ("noisy views, τ = 0.5", {"slope": [-0.3, -0.31, -0.32]}, "noisy"),
        ("5 points on the circle", {"spacing": [0.01]}, "points on the circle are"),
        ("4 points on the sphere", {"spacing": [0.01]}, "on the sphere"),
        ("5 points on the circle", {"at": [0.01]}, "least energy"),
    ],
)
def test_many_negatives_do_not_hold(row: str, changed: dict[str, Any], word: str) -> None:
    found = verdicts("many_negatives", NEGATIVES, REACHED | {row: REACHED[row] | changed})
    assert the(found, word) == "not held"
    assert list(found.values()).count("held") == len(found) - 1


def test_many_negatives_undecided() -> None:
    noise = {"at": [-0.1, 0.2, 0.0], "slope": [-3.0, 1.0, 0.5]}
    rows = {row: values | noise for row, values in REACHED.items() if row[:3] in ("uni", "noi")}
    found = verdicts("many_negatives", NEGATIVES, REACHED | rows)
    assert the(found, "within 0.02") == the(found, "noisy") == "undecided"


VIEWS = find_study("multi_view").config(flips=(0.1,))
TRUE = {
    **{f"theorem_{k}": [1e-16] for k in (1, 2, 3, 4)},
    "correlation": [-0.8, -0.79, -0.81],
    "second_holds": [1],
}
FALSE = TRUE | {"theorem_2": [0.3], "second_holds": [0]}
TABLES = {
    "bit toy, flip 0.1": TRUE | {"deviation": [1e-15]},
    "random joints": FALSE,
    "task of the input": FALSE,
    "task and signal of the input": TRUE,
}


def test_multi_view() -> None:
    assert set(verdicts("multi_view", VIEWS, TABLES).values()) == {"held"}
    assert set(verdicts("multi_view", VIEWS, {}).values()) == {"undecided"}


@pytest.mark.parametrize(
    ("row", "changed", "word"),
    [
        ("random joints", {"theorem_1": [0.1]}, "theorem 1"),
        ("random joints", {"theorem_3": [0.1]}, "theorem 3"),
        ("task of the input", {"theorem_4": [0.1]}, "theorem 4"),
        ("task and signal of the input", {"theorem_2": [0.1]}, "theorem 2 holds where"),
        ("random joints", {"second_holds": [1]}, "none of"),
        ("task of the input", {"second_holds": [1]}, "only the task"),
        ("bit toy, flip 0.1", {"deviation": [0.1]}, "closed forms"),
        ("random joints", {"correlation": [-0.1, -0.11, -0.12]}, "random joints"),
        ("task and signal of the input", {"correlation": [0.0, 0.01, 0.02]}, "at most −0.5, task"),
    ],
)
def test_multi_view_does_not_hold(row: str, changed: dict[str, Any], word: str) -> None:
    found = verdicts("multi_view", VIEWS, TABLES | {row: TABLES[row] | changed})
    refuted = [text for text, verdict in found.items() if verdict == "not held"]
    assert len(refuted) == 1
    assert word in refuted[0]


def test_multi_view_undecided() -> None:
    wide = TABLES | {"random joints": FALSE | {"correlation": [-0.9, -0.1, -0.5]}}
    found = verdicts("multi_view", VIEWS, wide)
    assert [text[-13:] for text, v in found.items() if v == "undecided"] == ["random joints"]


GRADIENTS = find_study("simsiam_gradients").config(noises=(0.5, 2.0), temperatures=(1.0,))


def gradients(crossings: Sequence[float], exact: float = 0.0) -> dict[str, str]:
    """Verdicts where the ideal predictor's crossing is this at a noise of 2."""
    values = {
        "ideal predictor, noise 0.5": {"crossing": [-0.1, -0.11, -0.105], "noise": [0.5] * 3},
        "ideal predictor, noise 2": {"crossing": crossings, "noise": [2.0] * 3},
        "no predictor": {"crossing": [exact] * 3},
        "triplet": {"crossing": [exact - 1] * 3},
        "InfoNCE, τ = 1": {"crossing": crossings},
        "SimSiam, gradient": {"identities": [exact]},
    }
    return verdicts("simsiam_gradients", GRADIENTS, values)


def test_simsiam_gradients() -> None:
    assert set(gradients([-0.5, -0.51, -0.52]).values()) == {"held"}
    assert set(gradients([0.2, 0.21, 0.22], exact=0.1).values()) == {"not held"}
    open_ = gradients([-2.0, 2.0, 0.1])
    assert list(open_.values()).count("undecided") == 3
    assert set(verdicts("simsiam_gradients", GRADIENTS, {}).values()) == {"undecided"}


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


def noisy(
    rows: Mapping[str, Mapping[str, float]], noise: Sequence[float], *, even: Sequence[str]
) -> Values:
    """Values of each row plus the noise, in another order in some rows, for paired differences."""
    return {
        name: {
            key: [value + n for n in (noise if name in even else noise[::-1])]
            for key, value in values.items()
        }
        for name, values in rows.items()
    }


VARIANTS = find_study("simsiam_variants").config(fresh=(2,), ablations=True)
POINTS = ("mirror", "symmetric predictor", "naive, no predictor", "no stop-gradient",
          "expectation over 2 views", "naive, no predictor, 4 × as long")  # fmt: skip


def variants(
    noise: Sequence[float],
    point: Mapping[str, float],
    spread: Mapping[str, float],
    levels: Mapping[str, float],
) -> dict[str, str]:
    """Verdicts where the values of each row, plus the noise, are these."""
    usual = {"knn": 0.3, "linear": 0.4}
    rows = {row.name: dict(usual) for row in find_study("simsiam_variants").rows(VARIANTS)}
    rows |= {name: usual | dict(point) for name in POINTS}
    bias = ("bias as predictor", "bias as predictor, 4 × as long")
    for name in ("SimSiam", "inverse predictor", "moving average", *bias):
        rows[name] = usual | dict(spread)
    for name, level in levels.items():
        rows[name]["linear"] = level
    return verdicts("simsiam_variants", VARIANTS, noisy(rows, noise, even=("untrained", "SimSiam")))


EQUAL = ("inverse predictor", "decayed predictor rate", "batch-norm in hidden layers")
AHEAD = dict.fromkeys(("SimSiam", "SimSiam, 4 × as long", *EQUAL), 0.5)


def test_simsiam_variants() -> None:
    collapsed, spread = {"spread": 0.02, "m_o": 0.99}, {"spread": 0.9, "m_o": 0.1}
    assert set(variants(STEADY, collapsed, spread, AHEAD).values()) == {"held"}
    better = {"spread": 0.9, "m_o": 0.1, "knn": 0.5}
    levels = {"SimSiam": 0.4, "fixed predictor": 0.6, **dict.fromkeys(EQUAL, 0.5)}
    refuted = variants(STEADY, better, {"spread": 0.05, "m_o": 0.99}, levels)
    assert set(refuted.values()) == {"not held"}
    wide = variants((-0.9, 0.9, 0.1), collapsed, spread, AHEAD)
    assert set(wide.values()) == {"undecided"}
    assert set(verdicts("simsiam_variants", VARIANTS, {}).values()) == {"undecided"}


COMPONENTS = find_study("simsiam_components").config()
CENTERS = ("then center phase", "then center phase again")


def components(
    noise: Sequence[float], ended: Mapping[str, float], kept: Mapping[str, float], ahead: float
) -> dict[str, str]:
    """Verdicts where what should collapse, and what should not, have these values."""
    rows = {
        row.name: {"linear": 0.4, **kept}
        for row in find_study("simsiam_components").rows(COMPONENTS)
    }
    rows |= {
        name: {"linear": 0.4, **ended}
        for name in ("SimSiam, neither", "triplet, residual only", *CENTERS)
    }
    for name in ("SimSiam, residual only", "triplet, center only"):
        rows[name] = {"linear": 0.4 + ahead, **kept}
    rows["SimSiam"] = {"linear": 0.5, "crossing": kept["crossing"]}
    return verdicts(
        "simsiam_components", COMPONENTS,
        noisy(rows, noise, even=("SimSiam, residual only", "triplet, center only")),
    )  # fmt: skip


def test_simsiam_components() -> None:
    ended, kept = {"spread": 0.02, "m_o": 0.99}, {"spread": 0.9, "m_o": 0.1, "crossing": -0.5}
    assert set(components(STEADY, ended, kept, 0.1).values()) == {"held"}
    refuted = components(STEADY, {"spread": 0.8, "m_o": 0.1},
                         {"spread": 0.1, "m_o": 0.9, "crossing": 0.2}, -0.1)  # fmt: skip
    assert set(refuted.values()) == {"not held"}
    assert set(components((-1.0, 1.0, 0.1), ended, kept, 0.1).values()) == {"undecided"}
    assert set(verdicts("simsiam_components", COMPONENTS, {}).values()) == {"undecided"}


DECORRELATION = find_study("decorrelation").config()


def decorrelation(noise: Sequence[float], fall: float, gain: float, m_r: float) -> dict[str, str]:
    """Verdicts where the covariance falls by this factor, and the cosines rise by this much."""
    learning = {"covariance": 1.0, "covariance_early": fall}
    rows = {
        "SimSiam": learning,
        "InfoNCE": learning | {"over_low": gain, "over_high": gain, "peak_at": -gain - 0.15},
        "SimSiam, center only": {"covariance": 2 * fall - 2},
        "then no predictor": {"m_r": 1 - m_r},
        "then decorrelation alone": {"m_r": m_r},
    }
    return verdicts("decorrelation", DECORRELATION, noisy(rows, noise, even=("SimSiam",)))


def test_decorrelation() -> None:
    assert set(decorrelation(STEADY, 4.0, 0.5, 0.95).values()) == {"held"}
    assert set(decorrelation(STEADY, 1.5, 0.05, 0.5).values()) == {"not held"}
    assert set(decorrelation((-0.9, 0.9, 0.1), 2.5, 0.5, 0.95).values()) == {"undecided"}
    assert set(verdicts("decorrelation", DECORRELATION, {}).values()) == {"undecided"}


def ablations(
    name: str,
    noise: Sequence[float],
    rows: Mapping[str, Mapping[str, float]],
    even: Sequence[str] = (),
) -> dict[str, str]:
    """Verdicts where the values of each row, plus the noise, are these."""
    return verdicts(name, find_study(name).config(), noisy(rows, noise, even=even))


POINT, SPREAD = {"spread": 0.02, "knn": 0.3}, {"spread": 0.9, "knn": 0.3}


def byol(noise: Sequence[float], collapsed: Any, base: Any, random: float, fast: float) -> Any:
    rows = {
        "untrained": {"linear": 0.4},
        "BYOL": {"linear": 0.5, **base},
        "no predictor": collapsed,
        "no averaging": collapsed,
        "random target": {"linear": random},
        "no averaging, fast predictor": {"linear": fast},
    }
    return ablations("byol", noise, rows, even=("random target", "no averaging, fast predictor"))


def test_byol() -> None:
    assert set(byol(STEADY, POINT, SPREAD, 0.45, 0.49).values()) == {"held"}
    refuted = byol(STEADY, SPREAD, POINT, 0.5, 0.4)
    assert the(refuted, "better than the untrained") == "held"
    assert list(refuted.values()).count("not held") == len(refuted) - 1
    assert the(byol(STEADY, POINT, SPREAD, 0.4, 0.5), "better than") == "not held"
    assert set(byol((-1.0, 1.0, 0.1), POINT, SPREAD, 0.45, 0.49).values()) == {"undecided"}


def terms(noise: Sequence[float], redundancy: float, twins: float, rank: float) -> dict[str, str]:
    rows = {
        "untrained": {"linear": 0.4},
        "Barlow Twins": {"linear": twins},
        "invariance only": {"linear": 0.44},
        "redundancy only": {"linear": redundancy},
        "λ = 0.002": {"linear": 0.5},
        "λ = 0.02": {"linear": 0.5},
        "VICReg": {"linear": twins, "rank": 40.0},
        "no variance": {"scale": (0.5 - twins) * 9 + 0.02},
        "no covariance": {"linear": 0.44, "rank": rank},
    }
    return ablations("statistics", noise, rows, even=("untrained", "Barlow Twins", "VICReg"))


def test_statistics() -> None:
    assert set(terms(STEADY, 0.3, 0.5, 20.0).values()) == {"held"}
    assert set(terms(STEADY, 0.5, 0.44, 50.0).values()) == {"not held"}
    assert set(terms((-20.0, 20.0, 1.0), 0.3, 0.5, 20.0).values()) == {"undecided"}


def swav(noise: Sequence[float], zero: float, three: float, level: float) -> dict[str, str]:
    rows = {
        "0 iterations": {"linear": 0.4, "degenerate": zero},
        "3 iterations": {"linear": level, "degenerate": three},
        "10 iterations": {"linear": 0.5},
        "fixed prototypes": {"linear": 0.5},
    }
    return ablations("swav", noise, rows, even=("3 iterations",))


def test_swav() -> None:
    assert set(swav((0.0, 0.001, 0.0005), 1.8, 0.5, 0.5).values()) == {"held"}
    assert set(swav((0.0, 0.001, 0.0005), 0.5, 1.8, 0.41).values()) == {"not held"}
    assert set(swav((-1.0, 1.0, 0.1), 1.8, 0.5, 0.5).values()) == {"undecided"}


def graphs(noise: Sequence[float], trained: float, start: float) -> dict[str, str]:
    accuracies = {"features": 0.5, "untrained": start, "DGI": trained, "no corruption": 0.6}
    config = find_study("graphs").config(data=("cora",))
    rows = {f"cora, {name}": {"published_classifier": level} for name, level in accuracies.items()}
    return verdicts("graphs", config, noisy(rows, noise, even=("cora, DGI", "cora, untrained")))


def test_graphs() -> None:
    assert set(graphs((0.0, 0.001, 0.0005), 0.823, 0.7).values()) == {"held"}
    assert set(graphs((0.0, 0.001, 0.0005), 0.55, 0.5).values()) == {"not held"}
    assert set(graphs((-0.5, 0.5, 0.1), 0.823, 0.59).values()) == {"undecided"}


def cpc(noise: Sequence[float], ends: float, same: float, other: float) -> dict[str, str]:
    rows = {
        **{f"{n} steps ahead": {"linear": 0.6 - ends * abs(i - 2), "steps": n}
           for i, n in enumerate((1, 2, 4, 8, 12))},
        "candidates: batch": {"linear": 0.6},
        "candidates: same sequence": {"linear": same},
        "candidates: other sequences": {"linear": other},
    }  # fmt: skip
    made = noisy(rows, noise, even=("candidates: batch", "1 steps ahead"))
    exact = {name: {**made[name], "steps": [rows[name]["steps"]] * 3}
             for name in rows if "ahead" in name}  # fmt: skip
    return verdicts("cpc", find_study("cpc").config(), {**made, **exact})


def test_cpc() -> None:
    assert set(cpc(STEADY, 0.1, 0.6, 0.5).values()) == {"held"}
    assert set(cpc(STEADY, -0.1, 0.5, 0.6).values()) == {"not held"}
    assert set(cpc((-0.5, 0.5, 0.1), 0.02, 0.6, 0.57).values()) == {"undecided"}


def infomax(noise: Sequence[float], slopes: tuple[float, float], levels: Any) -> dict[str, str]:
    rows = {
        **dict(zip(("local", "global", "local, no prior", "AMDIM"), levels, strict=True)),
        **{f"{name}, batch {size}": 0.5 + slope * (size > 16)
           for name, slope in zip(("JSD", "InfoNCE"), slopes, strict=True) for size in (16, 64)},
    }  # fmt: skip
    made = noisy({name: {"linear": level} for name, level in rows.items()}, noise,
                 even=("local", "JSD, batch 16", "InfoNCE, batch 16"))  # fmt: skip
    sizes = {name: {**some, "batch": [float(name.split()[-1])] * 3}
             for name, some in made.items() if "batch" in name}  # fmt: skip
    return verdicts("infomax", find_study("infomax").config(), {**made, **sizes})


def test_infomax() -> None:
    assert set(infomax(STEADY, (0.0, 0.05), (0.5, 0.4, 0.5, 0.55)).values()) == {"held"}
    assert set(infomax(STEADY, (0.1, -0.1), (0.5, 0.5, 0.6, 0.5)).values()) == {"not held"}
    assert set(infomax((-0.5, 0.5, 0.1), (0.0, 0.02), (0.5, 0.47, 0.5, 0.52)).values()) == {
        "undecided"
    }
