"""The verdict is right in worlds where it is known."""

from __future__ import annotations

import math
import re

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from nearfar._verdict_names import VERDICTS
from nearfar.diagnostics import Thresholds, health, measurements
from nearfar.diagnostics._findings import findings
from nearfar.diagnostics._rules import verdicts
from nearfar.records import Finding, HealthRecord
from tests.every import every

CHANCE = math.log(2 * 256 - 1)
COMPLETE, DIMENSIONAL = "complete collapse", "dimensional collapse"
NOTHING = "nothing learnt (loss at chance)"
NO_COLLAPSE = "no collapse seen"


def pair(z: Tensor, noise: float = 0.2) -> tuple[Tensor, Tensor]:
    """Two views that differ from the sample by a share of its spread."""
    scale = noise * (z - z.mean(dim=0)).std()
    return z + scale * torch.randn_like(z), z + scale * torch.randn_like(z)


def in_subspace(samples: int, rank: int, dim: int) -> Tensor:
    return torch.randn(samples, rank) @ torch.randn(rank, dim) + 1e-3 * torch.randn(samples, dim)


def finding(record: HealthRecord, name: str) -> bool | None:
    return next(found.healthy for found in record.findings if found.name == name)


# --- one view: worlds without training ------------------------------------------------------------


@pytest.mark.parametrize(("samples", "dim"), [(2048, 512), (180, 512), (180, 128), (180, 64)])
def test_a_constant_with_little_noise_is_a_complete_collapse(samples: int, dim: int) -> None:
    record = health(3 + 0.01 * torch.randn(samples, dim))
    assert record.verdict == COMPLETE
    assert "all embeddings point in the same direction (m_o 1.000" in record.summary
    assert record.advice
    assert finding(record, "m_o") is False


@pytest.mark.parametrize(
    ("samples", "rank", "dim"),
    [(2048, 8, 512), (180, 8, 512), (180, 8, 128), (180, 8, 64), (180, 1, 64), (64, 3, 2048)],
)
def test_a_subspace_is_a_dimensional_collapse(samples: int, rank: int, dim: int) -> None:
    z = in_subspace(samples, rank, dim)
    for record in (health(z), health(*pair(z, 1e-4))):
        assert DIMENSIONAL in record.verdicts
        if rank > 1:  # both ends of a line are few points as well
            assert record.verdict == DIMENSIONAL
            assert "few directions carry the variance (rank" in record.summary
        assert record.advice
        assert finding(record, "spherical_rank") is False


@pytest.mark.parametrize(
    ("samples", "dim"),
    [(2048, 512), (180, 512), (180, 128), (180, 64), (64, 64), (180, 2), (40, 1)],
)
def test_an_isotropic_cloud_is_healthy_whatever_bounds_its_rank(samples: int, dim: int) -> None:
    z = torch.randn(samples, dim)
    record = health(z)
    assert record.verdict == NO_COLLAPSE
    assert record.advice == ()
    assert "agreement of views was not judged, as there is only one view" in record.summary
    assert {"alignment", "relative_alignment"}.isdisjoint(record.measurements)
    assert health(*pair(z)).verdict == "healthy"


def test_features_behind_a_relu_are_no_collapse() -> None:
    z = torch.randn(2048, 512).relu()
    record = health(z)
    assert record.verdict == NO_COLLAPSE
    assert record.measurements["m_o"] == pytest.approx(0.56, abs=0.02)
    assert "have a common direction" in record.summary
    assert finding(record, "m_o") is None


@pytest.mark.parametrize("exponent", [0.25, 0.5, 0.75])
def test_a_power_law_spectrum_is_healthy(exponent: float) -> None:
    z = torch.randn(2048, 512) * torch.arange(1, 513).float().pow(-exponent)
    assert health(z).verdict == NO_COLLAPSE


# --- two views and a loss -------------------------------------------------------------------------


def test_unrelated_views_have_learnt_nothing_even_if_no_loss_is_given() -> None:
    record = health(torch.randn(180, 64), torch.randn(180, 64))
    assert record.verdict == NOTHING
    assert "views are no closer than other samples" in record.summary


def crowded(spread: float) -> tuple[Tensor, Tensor]:
    """What an untrained encoder gives: one cone, in which views of a sample are a bit closer."""
    own = torch.randn(180, 64)
    return tuple(1 + spread * (own + 1.3 * torch.randn(180, 64)) for _ in range(2))  # type: ignore[return-value]


@pytest.mark.parametrize("spread", [0.01, 0.03, 0.1])
def test_an_untrained_encoder_with_its_loss_at_chance_has_learnt_nothing(spread: float) -> None:
    record = health(*crowded(spread), loss=0.995 * CHANCE, chance=CHANCE)
    assert record.verdict == NOTHING
    assert "loss 6.21, chance 6.24" in record.summary
    assert finding(record, "loss") is False


def test_the_same_crowd_is_a_complete_collapse_where_no_loss_can_excuse_it() -> None:
    assert health(*crowded(0.03)).verdict == COMPLETE
    assert health(*crowded(0.03), loss=1.0, chance=None).verdict == COMPLETE
    point = torch.ones(180, 64)
    assert health(point, point, loss=CHANCE, chance=CHANCE).verdict == COMPLETE
    views = point + 0.01 * torch.randn(2, 180, 64)
    assert health(*views, loss=CHANCE, chance=CHANCE).verdict == COMPLETE


def test_a_narrow_cone_in_which_views_stand_out_is_let_pass() -> None:
    cone = 8 + torch.randn(512, 64)
    assert health(*pair(cone, 0.1)).verdict == "healthy"
    assert health(*pair(cone, 1.1)).verdict == COMPLETE


@pytest.mark.parametrize("loss", [CHANCE, 0.99 * CHANCE, 1.3 * CHANCE])
def test_a_loss_at_or_above_chance_has_learnt_nothing(loss: float) -> None:
    assert health(*pair(torch.randn(180, 64), 2.0), loss=loss, chance=CHANCE).verdict == NOTHING
    assert health(torch.randn(180, 64), loss=loss, chance=CHANCE).verdict == NOTHING


def test_a_temperature_too_high_to_show_in_the_loss_does_not_hide_agreement() -> None:
    record = health(*pair(torch.randn(180, 64)), loss=0.99 * CHANCE, chance=CHANCE)
    assert record.verdict == "healthy"
    assert finding(record, "loss") is False


def test_a_summary_is_one_sentence_with_its_evidence() -> None:
    record = health(*pair(torch.randn(180, 64), 0.4), loss=3.6, chance=CHANCE)
    assert re.fullmatch(
        r"healthy: views agree \(alignment 0\.\d\d, other samples \d\.\d\d\), samples cover the "
        r"sphere \(uniformity −3\.8\d, minimum −3\.88\), no collapse \(m_o 0\.0\d, rank 6\d, "
        r"isotropic 61\)",
        record.summary,
    )


def test_identical_views_are_noticed() -> None:
    z = torch.randn(64, 16)
    record = health(z, z)
    assert record.findings[0].reading == "the two views are identical"
    assert record.findings[0].healthy is None


def test_representations_are_reported_beside_the_projections() -> None:
    z1, z2 = pair(torch.randn(180, 64))
    record = health(z1, z2, representations=in_subspace(180, 4, 512))
    assert record.verdict == "representation lost"
    assert finding(record, "representation_spherical_rank") is False
    assert record.measurements["representation_spherical_rank"] < 6


# --- each threshold from both sides ---------------------------------------------------------------

USUAL = {
    "loss": 3.0,
    "chance": 10.0,
    "alignment": 0.2,
    "random_distance": 2.0,
    "relative_alignment": 0.1,
    "uniformity": -3.5,
    "uniformity_minimum": -4.0,
    "m_o": 0.1,
    "m_r": 0.9,
    "feature_std": 0.12,
    "effective_rank": 50.0,
    "isotropic_rank": 60.0,
    "lost_share": 0.0,
    "representation_spherical_rank": 30.0,
    "representation_isotropic_rank": 100.0,
    "representation_lost_share": 0.0,
    "representation_m_o": 0.1,
    "spherical_rank": 50.0,
    "free_dimensions": 63.0,
    "intrinsic_dimension": 9.0,
    "distinct_share": 1.0,
    "repeated_share": 0.0,
    "confused": 0.5,
    "recall_1": 0.4,
    "order": 0.99,
    "gallery": 100.0,
    "largest_hub": 0.1,
    "dead_share": 0.0,
    "longest": 2.0,
    "long_rows": 0.0,
}
"""Measurements of a healthy representation: 100 samples in 64 dimensions."""


def found(name: str, **changed: float) -> Finding:
    return next(f for f in findings(USUAL | changed, samples=100, dim=64) if f.name == name)


@pytest.mark.parametrize(
    ("name", "changed", "reading", "healthy"),
    [
        ("loss", {"loss": 9.79}, "below chance", True),
        ("loss", {"loss": 9.8}, "at chance: views are not distinguished from negatives", False),
        ("alignment", {"relative_alignment": 0.499}, "views agree", True),
        ("alignment", {"relative_alignment": 0.5}, "views agree weakly", True),
        ("alignment", {"alignment": 0.0}, "the two views are identical", None),
        ("alignment", {"alignment": 0.0, "random_distance": 0.0}, "views agree", True),
        ("relative_alignment", {"relative_alignment": 0.499}, "views agree", True),
        ("relative_alignment", {"relative_alignment": 0.899}, "views agree weakly", True),
        (
            "relative_alignment",
            {"relative_alignment": 0.9},
            "views are no closer than other samples",
            False,
        ),
        ("uniformity", {"uniformity": -2.0}, "samples cover the sphere", True),
        ("uniformity", {"uniformity": -1.9}, "samples cover part of the sphere", None),
        ("uniformity", {"uniformity": -0.21}, "samples cover part of the sphere", None),
        ("uniformity", {"uniformity": -0.19}, "samples cover very little of the sphere", None),
        ("m_o", {"m_o": 0.499}, "centred: no common direction", True),
        ("m_o", {"m_o": 0.5}, "the embeddings have a common direction, as after a ReLU", None),
        (
            "m_o",
            {"m_o": 0.999, "m_r": 0.09, "order": 0.5},
            "all embeddings point in the same direction",
            False,
        ),
        ("m_o", {"m_o": 0.0, "m_r": 0.0}, "all embeddings are zero", False),
        ("m_r", {}, "embeddings deviate strongly from their mean", True),
        ("m_r", {"m_o": 0.5}, "embeddings deviate moderately from their mean", None),
        (
            "m_r",
            {"m_o": 0.97, "m_r": 0.24, "relative_alignment": 0.5},
            "embeddings hardly deviate from their mean",
            False,
        ),
        (
            "m_r",
            {"m_o": 0.97, "m_r": 0.25, "relative_alignment": 0.5},
            "embeddings deviate moderately from their mean",
            None,
        ),
        (
            "m_r",
            {"m_o": 0.97, "m_r": 0.24, "relative_alignment": 0.49},
            "embeddings deviate moderately from their mean",
            None,
        ),
        ("feature_std", {}, "96% of the isotropic value", None),
        ("feature_std", {"feature_std": 0.012}, "10% of the isotropic value", False),
        ("effective_rank", {}, "83% of the isotropic value", None),
        ("spherical_rank", {}, "83% of the isotropic value", True),
        ("spherical_rank", {"spherical_rank": 2.99}, "few directions carry the variance", False),
        ("spherical_rank", {"spherical_rank": 3.0}, "5% of the isotropic value", True),
        (
            "spherical_rank",
            {"spherical_rank": 14.9, "lost_share": 0.79},
            "25% of the isotropic value; 79% of the directions hold almost nothing",
            True,
        ),
        (
            "spherical_rank",
            {"spherical_rank": 14.9, "lost_share": 0.8},
            "few directions carry the variance",
            False,
        ),
        (
            "spherical_rank",
            {"spherical_rank": 15.0, "lost_share": 0.8},
            "25% of the isotropic value; 80% of the directions hold almost nothing",
            True,
        ),
        (
            "representation_spherical_rank",
            {},
            "before the projector: 30% of the isotropic value",
            None,
        ),
        (
            "representation_spherical_rank",
            {"representation_spherical_rank": 4.9},
            "before the projector: few directions carry the variance",
            False,
        ),
        ("intrinsic_dimension", {}, "about 9 numbers per sample, locally", None),
        (
            "intrinsic_dimension",
            {"intrinsic_dimension": 1.69},
            "about one number describes a sample",
            False,
        ),
        (
            "intrinsic_dimension",
            {"intrinsic_dimension": 1.7},
            "about 2 numbers per sample, locally",
            None,
        ),
        (
            "intrinsic_dimension",
            {"intrinsic_dimension": 1.0, "free_dimensions": 9.0},
            "about 1 number per sample, locally",
            None,
        ),
        ("distinct_share", {}, "all samples are different points", None),
        ("distinct_share", {"distinct_share": 0.3}, "about 30 different points", None),
        (
            "distinct_share",
            {"distinct_share": 0.29},
            "about 29 different points: nothing distinguishes samples on a point",
            False,
        ),
        (
            "distinct_share",
            {"distinct_share": 0.29, "confused": 0.25},
            "about 29 different points",
            None,
        ),
        ("repeated_share", {"repeated_share": 0.019}, "none", None),
        (
            "repeated_share",
            {"repeated_share": 0.099},
            "10% of the samples share their point with another",
            None,
        ),
        (
            "repeated_share",
            {"repeated_share": 0.1},
            "10% of the samples share their point with another",
            False,
        ),
        ("recall_1", {}, "the other view is the nearest of 100 for 40% of the samples", None),
        ("largest_hub", {"largest_hub": 0.19}, "no hub", None),
        (
            "largest_hub",
            {"largest_hub": 0.2},
            "one sample is a neighbour of 20% of the others",
            None,
        ),
        ("dead_share", {}, "all dimensions vary", None),
        ("dead_share", {"dead_share": 0.39}, "39% of the dimensions do not vary", None),
        ("dead_share", {"dead_share": 0.4}, "40% of the dimensions do not vary", False),
        ("longest", {"longest": 100.0, "long_rows": 0.0}, "lengths are alike", None),
        (
            "longest",
            {"longest": 101.0, "long_rows": 2.0},
            "2 rows are over 100 times as long as the median",
            None,
        ),
    ],
)
def test_a_finding_on_either_side_of_its_threshold(
    name: str, changed: dict[str, float], reading: str, healthy: bool | None
) -> None:
    one = found(name, **changed)
    assert (one.reading, one.healthy) == (reading, healthy)
    assert one.value == (USUAL | changed)[name]


CROWD = {"m_o": 0.999, "m_r": 0.05}
OF_INPUTS = {"raw_recall_1": 0.49, "raw_order": 0.98, "gallery": 50.0}
OF_STATISTICS = {"statistics_recall_1": 0.69, "statistics_order": 0.99, "gallery": 50.0}
OF_STATISTICS |= {"raw_recall_1": 1.0, "raw_order": 1.0, "recognizable": 1.0}
BLIND = {"raw_recall_1": 0.0, "raw_order": 0.59}
BLIND |= {"untrained_order": 0.59, "representation_order": 0.59}
GAIN = {"untrained_log_rank": 5.0, "rank_gain": 1.45, "rank_gain_error": 0.72}
FALLING = {"loss_first": 6.0, "loss_last": 3.0, "loss_recent": -0.4, "loss_noise": 0.09}
RISING = {"representation_order_noise": 0.004, "representation_order_last": 0.8}
STUCK = {"loss": 9.8, "alignment": 1.1, "relative_alignment": 0.55}


@pytest.mark.parametrize(
    ("changed", "found"),
    [
        ({}, ["healthy"]),
        ({"m_r": 0.1, "order": 0.6}, ["healthy"]),
        ({"m_r": 0.1, "order": 0.599}, ["partners not retrieved"]),
        ({"m_r": 0.0999, "order": 0.9}, [COMPLETE]),
        ({"m_r": 0.0999, "order": 0.91}, ["healthy"]),  # structure around a common centre
        ({"m_r": 0.0999, "order": 0.91, "relative_alignment": 0.5}, [COMPLETE]),
        ({"m_r": 0.01, "order": 0.91}, ["healthy"]),
        ({"m_r": 0.0099, "order": 0.91}, [COMPLETE]),
        ({"m_r": 0.2499, "relative_alignment": 0.5}, [COMPLETE]),
        ({"m_r": 0.2499, "relative_alignment": 0.4999}, ["healthy"]),
        ({"m_r": 0.25, "relative_alignment": 0.5}, ["healthy"]),
        ({**CROWD, **STUCK}, [NOTHING]),
        ({**CROWD, **STUCK, "loss": 9.79}, [COMPLETE]),
        ({**CROWD, **STUCK, "relative_alignment": 0.9}, [COMPLETE]),
        ({**CROWD, **STUCK, "m_r": 0.001}, [NOTHING]),
        ({**CROWD, **STUCK, "m_r": 0.0009}, [COMPLETE]),
        (STUCK, [NOTHING]),
        ({**STUCK, "loss": 9.79}, ["healthy"]),
        ({**STUCK, "alignment": 1.0}, ["healthy"]),  # views agree by 0.5 in cosine
        ({**STUCK, "alignment": 1.01}, [NOTHING]),
        ({"relative_alignment": 0.9}, [NOTHING]),
        ({"relative_alignment": 0.8999}, ["little shared between views"]),
        ({"relative_alignment": 0.75}, ["little shared between views"]),
        ({"relative_alignment": 0.7499}, ["healthy"]),
        ({"spherical_rank": 2.99}, [DIMENSIONAL]),
        ({"spherical_rank": 3.0}, ["healthy"]),
        ({"spherical_rank": 14.9, "lost_share": 0.8}, [DIMENSIONAL]),
        ({"spherical_rank": 14.9, "lost_share": 0.79}, ["healthy"]),
        ({"representation_spherical_rank": 4.99}, ["representation lost"]),
        ({"representation_spherical_rank": 5.0}, ["healthy"]),
        ({"distinct_share": 0.299}, ["few points"]),
        ({"distinct_share": 0.3}, ["healthy"]),
        ({"distinct_share": 0.299, "confused": 0.25}, ["healthy"]),
        ({"intrinsic_dimension": 1.699}, ["low intrinsic dimension"]),
        ({"intrinsic_dimension": 1.7}, ["healthy"]),
        ({"intrinsic_dimension": 1.0, "free_dimensions": 9.0}, ["healthy"]),
        ({"repeated_share": 0.1}, ["duplicates"]),
        ({"repeated_share": 0.099}, ["healthy"]),
        ({"alignment": 0.0}, ["duplicates"]),
        ({"dead_share": 0.4}, ["dead dimensions"]),
        ({"dead_share": 0.399}, ["healthy"]),
        (OF_INPUTS, ["healthy"]),
        ({**OF_INPUTS, "raw_recall_1": 0.5}, ["shortcut suspected"]),
        ({**OF_INPUTS, "raw_recall_1": 0.5, "recognizable": 1.0}, ["healthy"]),
        ({**OF_INPUTS, "raw_recall_1": 0.9, "gallery": 49.0}, ["healthy"]),
        ({**OF_INPUTS, "raw_order": 0.99, "gallery": 49.0}, ["shortcut suspected"]),
        (OF_STATISTICS, ["healthy"]),
        ({**OF_STATISTICS, "statistics_recall_1": 0.7}, ["shortcut suspected"]),
        ({**OF_STATISTICS, "statistics_recall_1": 0.7, "gallery": 49.0}, ["healthy"]),
        (BLIND, ["views too strong"]),
        ({**BLIND, "raw_order": 0.6}, ["healthy"]),
        ({**BLIND, "untrained_order": 0.6}, ["healthy"]),
        ({**BLIND, "representation_order": 0.6}, ["healthy"]),
        (GAIN, ["healthy"]),
        ({**GAIN, "rank_gain": 1.44}, ["no better than untrained"]),
        ({**GAIN, "rank_gain_error": 0.73}, ["no better than untrained"]),
        ({**GAIN, "untrained_log_rank": 0.99, "rank_gain": 0.0}, ["healthy"]),
        ({"untrained_overlap": 0.95}, ["no better than untrained"]),
        ({"untrained_overlap": 0.94}, ["healthy"]),
        ({"updates": 30.0}, ["healthy"]),
        ({"updates": 29.0}, ["not yet"]),
        (FALLING, ["not yet"]),
        ({**FALLING, "loss_recent": -0.3}, ["healthy"]),
        ({**FALLING, "loss_noise": 0.11}, ["healthy"]),
        ({**RISING, "representation_order_recent": 0.0201}, ["not yet"]),
        ({**RISING, "representation_order_recent": 0.02}, ["healthy"]),
        ({**RISING, "representation_order_peak": 0.851}, ["over-trained"]),
        ({**RISING, "representation_order_peak": 0.85}, ["healthy"]),
        (
            {"repeated_share": 1.0, "spherical_rank": 2.0, "distinct_share": 0.1, "loss": 9.9}
            | {"alignment": 1.5, "relative_alignment": 0.8},
            [NOTHING, "few points", DIMENSIONAL, "duplicates"],
        ),
    ],
)
def test_verdicts_on_either_side_of_their_thresholds(
    changed: dict[str, float], found: list[str]
) -> None:
    assert list(verdicts(USUAL | changed, limits=Thresholds())) == found


def test_without_positives_unrelated_views_are_no_failure() -> None:
    assert verdicts(USUAL | {"relative_alignment": 1.0}, positives=False) == ("healthy",)
    assert verdicts(USUAL | STUCK, positives=False) == (NOTHING,)


def test_one_view_or_no_loss_leaves_their_rules_out() -> None:
    alone = {key: USUAL[key] for key in USUAL if "alignment" not in key and "distance" not in key}
    assert verdicts(alone, positives=True) == (NO_COLLAPSE,)
    assert verdicts(alone | {"loss": 9.8}, positives=True) == (NOTHING,)
    assert verdicts(alone | {"m_r": 0.2}, positives=True) == (COMPLETE,)
    for missing in ("loss", "chance"):
        some = {key: value for key, value in (USUAL | STUCK).items() if key != missing}
        assert verdicts(some, positives=True) == ("healthy",)


def test_the_reference_values_of_the_findings() -> None:
    spread = {
        "loss": {"chance": 10.0},
        "alignment": {"identical": 0.0, "other samples": 2.0, "unrelated and uniform": 2.0},
        "relative_alignment": {"identical": 0.0, "unrelated": 1.0},
        "uniformity": {"collapsed": 0.0, "uniform": -4.0},
        "m_o": {"collapsed": 1.0, "centred": 0.1},
        "m_r": {"collapsed": 0.0, "centred": 1.0},
        "feature_std": {"collapsed": 0.0, "isotropic": 0.125},
        "effective_rank": {"collapsed": 1.0, "isotropic": 60.0},
        "spherical_rank": {"collapsed": 1.0, "isotropic": 60.0},
        "representation_spherical_rank": {"collapsed": 1.0, "isotropic": 100.0},
        "intrinsic_dimension": {"a curve": 1.0},
        "distinct_share": {"all different": 1.0},
        "repeated_share": {"none": 0.0, "all": 1.0},
        "recall_1": {"chance": 0.01, "always": 1.0},
        "largest_hub": {"none": 0.0, "all": 1.0},
        "dead_share": {"none": 0.0, "all": 1.0},
        "longest": {"equal": 1.0},
    }
    every_one = findings(USUAL, samples=100, dim=64)
    assert {one.name: one.anchors for one in every_one} == spread


# --- what is asked of every record ----------------------------------------------------------------


@settings(max_examples=25, deadline=None, derandomize=True, database=None)
@given(
    samples=st.integers(2, 40),
    dim=st.integers(1, 40),
    offset=st.floats(0, 100),
    scale=st.sampled_from([1e-20, 1e-3, 1.0, 1e6]),
    seed=st.integers(0, 1000),
)
def test_every_cloud_gets_a_verdict_with_finite_numbers(
    samples: int, dim: int, offset: float, scale: float, seed: int
) -> None:
    source = torch.Generator().manual_seed(seed)
    z1, z2 = scale * (offset + torch.randn(2, samples, dim, generator=source))
    record = health(z1, z2, loss=1.0, chance=2.0)
    assert record.verdict in VERDICTS
    assert record.verdicts[0] == record.verdict
    assert record.summary.startswith(f"{record.verdict}: ")
    assert every(math.isfinite(value) for value in record.measurements.values())
    assert (record.advice == ()) == (record.verdict == "healthy")
    assert (record.samples, record.dim) == (samples, dim)
    assert HealthRecord.from_json(record.to_json()) == record
    assert ("the verdict is uncertain" in record.summary) == (samples < 32)


@pytest.mark.parametrize("rows", [torch.full((50, 8), 0.1), torch.zeros(50, 8)])
def test_equal_rows_are_a_complete_collapse(rows: Tensor) -> None:
    assert health(rows).verdict == COMPLETE
    assert health(rows, rows).verdict == COMPLETE
    assert ("all embeddings are zero" in health(rows).summary) == (float(rows.sum()) == 0)


def test_scale_does_not_matter() -> None:
    z1, z2 = pair(torch.randn(100, 16))
    assert health(1e3 * z1, 1e3 * z2).summary == health(z1, z2).summary


@pytest.mark.usefixtures("as_users_run_it")
def test_bad_input_is_refused_by_name() -> None:
    z = torch.randn(20, 4)
    with pytest.raises(ValueError, match=r"`z1` needs at least 2 rows"):
        health(z[:1])
    with pytest.raises(ValueError, match=r"`z2` must have the shape of `z1`.* got \(10, 4\)"):
        health(z, z[:10])
    for bad in (float("nan"), float("inf")):
        spoilt = z.clone()
        spoilt[7, 2] = bad
        with pytest.raises(ValueError, match=r"`z1` must contain only finite numbers.* row 7"):
            health(spoilt)
        with pytest.raises(ValueError, match=r"`z2` .* row 7"):
            health(z, spoilt)
        with pytest.raises(ValueError, match=r"`representations` .* row 7"):
            health(z, representations=spoilt)
        with pytest.raises(ValueError, match="`loss` must be a finite number"):
            health(z, loss=bad)


def test_measurements_keep_no_gradient_and_change_nothing() -> None:
    z = torch.randn(32, 8, requires_grad=True)
    before = z.detach().clone()
    measurements(z, z + 1)
    assert z.grad is None
    assert torch.equal(z, before)


def test_many_rows_are_measured_on_evenly_spread_ones() -> None:
    half = torch.randn(2, 8)
    sorted_by_kind = half.repeat_interleave(3000, dim=0) + 0.1 * torch.randn(6000, 8)
    shuffled = sorted_by_kind[torch.randperm(6000)]
    first, second = measurements(sorted_by_kind), measurements(shuffled)
    assert first["uniformity"] == pytest.approx(second["uniformity"], abs=0.05)


# --- without positives ----------------------------------------------------------------------------


def test_views_that_were_not_trained_to_agree_are_reported_and_not_judged() -> None:
    z1, z2 = torch.randn(512, 64), torch.randn(512, 64)
    assert health(z1, z2).verdict == NOTHING
    record = health(z1, z2, positives=False)
    assert record.verdict == "healthy"
    assert finding(record, "alignment") is None
    assert record.measurements["alignment"] == pytest.approx(2.0, abs=0.1)
    assert "agreement of views was not judged" in record.summary


def test_collapse_and_a_loss_at_chance_are_seen_without_positives_too() -> None:
    z = torch.randn(512, 64)
    assert health(torch.ones(512, 64), torch.ones(512, 64), positives=False).verdict == COMPLETE
    few = in_subspace(512, 2, 64)
    assert health(few, few, positives=False).verdict == DIMENSIONAL
    stuck = health(z, torch.randn(512, 64), loss=4.16, chance=4.16, positives=False)
    assert stuck.verdict == NOTHING


@pytest.mark.parametrize("samples", [2, 6, 19])
def test_few_samples_judge_only_what_they_can(samples: int) -> None:
    cloud = torch.randn(samples, 64, generator=torch.Generator().manual_seed(samples))
    record = health(cloud, cloud + 0.3 * torch.randn_like(cloud))
    unjudged = {f.name for f in record.findings if f"judged from {samples} samples" in f.reading}
    ranks = {"effective_rank", "spherical_rank"}
    assert unjudged == {"uniformity", "m_o", "m_r", "feature_std", *ranks}
    assert {f.healthy for f in record.findings if f.name in unjudged} == {None}
    assert "views agree" in record.summary
    assert "cannot be judged from fewer than 20" in record.summary
    assert "rank" not in record.summary


def test_few_identical_rows_are_a_collapse_with_one_line_of_advice() -> None:
    record = health(torch.ones(6, 8))
    assert record.verdict == "complete collapse"
    assert "verdict is uncertain" in record.summary
    assert len(record.advice) == 1
    assert len(health(torch.ones(20, 8)).advice) > 1


def test_twenty_samples_are_judged() -> None:
    cloud = torch.randn(20, 64, generator=torch.Generator().manual_seed(0))
    found = health(cloud, cloud + 0.1).findings
    assert every("cannot be judged" not in finding.reading for finding in found)
