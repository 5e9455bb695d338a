"""Verdicts on runs: what the inputs, the untrained encoder and the course of training add."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor

from nearfar.diagnostics import health
from nearfar.diagnostics._partners import partners
from tests.diagnostics.embedding_worlds import drawn

SAMPLES, DIM = 250, 64
Views = tuple[Tensor, Tensor]


def pair(noise: float, *, seed: int = 0, dim: int = DIM) -> Views:
    """Two views: a common part, and noise of each."""
    common = drawn(SAMPLES, dim, seed=seed)
    return (
        common + noise * drawn(SAMPLES, dim, seed=seed + 1),
        common + noise * drawn(SAMPLES, dim, seed=seed + 2),
    )


GOOD, HONEST, START = pair(0.4), pair(4.0, seed=10), pair(4.0, seed=20)
SETTLED = {
    "updates": 500.0,
    "loss_first": 6.0,
    "loss_last": 3.0,
    "loss_recent": -0.01,
    "loss_noise": 0.02,
    "loss_peak": 6.0,
    "loss_peak_at": 0.1,
    "untrained_m_r": 0.1,
}


def verdicts(z: Views = GOOD, **given: Any) -> tuple[str, ...]:
    known: dict[str, Any] = {
        "representations": GOOD,
        "untrained": START,
        "raw": HONEST,
        "statistics": HONEST,
        "course": SETTLED,
        "loss": 3.0,
        "chance": 6.2,
    }
    return health(*z, **(known | given)).verdicts


def test_a_good_run_is_healthy_and_what_it_could_not_show_is_said() -> None:
    assert verdicts() == ("healthy",)
    record = health(*GOOD, representations=GOOD, untrained=START, raw=HONEST)
    assert [line.partition(":")[0] for line in record.not_judged] == ["structure", "confidence"]


@pytest.mark.parametrize(("noise", "found"), [(4.0, False), (2.5, False), (0.5, True), (0.0, True)])
def test_inputs_that_name_the_sample(noise: float, found: bool) -> None:
    inputs = pair(noise, seed=10)
    assert ("shortcut suspected" in verdicts(raw=inputs)) is found


RECOGNIZABLE = SETTLED | {"recognizable": 1.0}


def test_inputs_that_may_name_the_sample_are_not_judged() -> None:
    """Two views of a text or of a row of a table share most of their values."""
    assert verdicts(raw=pair(0.1, seed=10), course=RECOGNIZABLE) == ("healthy",)
    given: dict[str, Any] = {"raw": pair(0.1, seed=10), "course": RECOGNIZABLE}
    alone = health(*GOOD, representations=GOOD, **given).not_judged
    assert any(line.startswith("shortcuts: the inputs of this kind") for line in alone)
    with_statistics = health(*GOOD, representations=GOOD, statistics=HONEST, **given).not_judged
    assert not [line for line in with_statistics if line.startswith("shortcuts")]


@pytest.mark.parametrize(("noise", "found"), [(0.3, False), (0.02, False), (0.001, True)])
def test_statistics_that_name_the_sample(noise: float, found: bool) -> None:
    """A length that both views keep, next to others that they do not."""
    kept = drawn(SAMPLES, 1, seed=40)
    statistics = tuple(
        torch.cat([kept + noise * drawn(SAMPLES, 1, seed=seed), drawn(SAMPLES, 2, seed=seed)], 1)
        for seed in (41, 42)
    )
    assert ("shortcut suspected" in verdicts(statistics=statistics, course=RECOGNIZABLE)) is found


def test_what_statistics_explain_of_the_retrieval_is_read() -> None:
    """An encoder that knows the length only finds the other view where the length does."""
    length = pair(0.1, seed=50, dim=1)
    circle = tuple(torch.cat([(view / 8).cos(), (view / 8).sin()], dim=1) for view in length)
    by_length = health(*GOOD, representations=circle, statistics=length).measurements  # type: ignore[arg-type]
    assert by_length["explained_by_statistics"] == pytest.approx(1, abs=0.01)
    other = health(*GOOD, representations=pair(2.0), statistics=length).measurements
    assert other["explained_by_statistics"] < 0.1


def test_views_that_have_nothing_in_common() -> None:
    nothing = tuple(drawn(SAMPLES, DIM, seed=seed) for seed in (3, 4))
    given = {"representations": nothing, "untrained": nothing, "raw": nothing}
    assert verdicts(nothing, **given)[0] == "views too strong"
    # projections that collapse for it are listed, but come second
    point = tuple(torch.ones(DIM) + 0.05 * matrix for matrix in nothing)
    assert verdicts(point, **given) == ("views too strong", "complete collapse")
    # if the inputs find the other view, the views are not to blame
    assert verdicts(nothing, **(given | {"raw": pair(2.0)}))[0] == "nothing learnt (loss at chance)"


@pytest.mark.parametrize(
    ("before", "after", "better"), [(4.0, 4.0, False), (4.0, 3.5, False), (4.0, 1.5, True)]
)
def test_no_better_than_untrained(before: float, after: float, better: bool) -> None:
    found = verdicts(representations=pair(after, seed=30), untrained=pair(before, seed=40))
    assert ("no better than untrained" not in found) is better


def test_no_gain_is_expected_where_the_untrained_encoder_finds_every_view() -> None:
    assert verdicts(representations=pair(0.3), untrained=pair(0.3, seed=9)) == ("healthy",)


def test_a_method_without_pairs_is_not_judged_by_them() -> None:
    assert verdicts(representations=pair(4.0), positives=False) == ("healthy",)


@pytest.mark.parametrize(
    ("recent", "noise", "moves"), [(-0.5, 0.02, True), (-0.5, 0.3, False), (-0.1, 0.001, False)]
)
def test_a_loss_that_still_falls(recent: float, noise: float, moves: bool) -> None:
    course = SETTLED | {"loss_recent": recent, "loss_noise": noise, "longer": 2.3}
    assert ("not yet" in verdicts(course=course)) is moves
    record = health(*GOOD, loss=3.0, chance=6.2, course=course)
    assert ("train about 2.3 times as long" in record.summary) is moves


def test_retrieval_that_still_rises_and_retrieval_that_has_fallen() -> None:
    flat = {"representation_order_noise": 0.004, "representation_order_last": 0.8}
    rising = SETTLED | flat | {"representation_order_recent": 0.04}
    assert verdicts(course=rising) == ("not yet",)
    fallen = SETTLED | flat | {"representation_order_peak": 0.9}
    assert verdicts(course=fallen) == ("over-trained",)
    assert verdicts(course=fallen | {"representation_order_noise": 0.04}) == ("healthy",)


def cone(width: float) -> Views:
    """Projections in a narrow cone, as of an encoder at its start."""
    center = 3 * torch.ones(DIM)
    return tuple(center + width * matrix for matrix in pair(2.0))  # type: ignore[return-value]


def test_a_narrow_cone_is_a_start_or_an_end() -> None:
    """After few updates it may open; what has been wider before is a collapse."""
    few = SETTLED | {"updates": 9.0}
    narrow = cone(0.1)
    assert verdicts(narrow)[0] == "complete collapse"
    assert verdicts(narrow, course=few) == ("not yet",)
    assert verdicts(narrow, course=few | {"untrained_m_r": 0.9})[0] == "complete collapse"


@pytest.mark.parametrize("argument", ["representations", "untrained", "raw"])
def test_views_with_a_row_that_is_no_number_are_refused(argument: str) -> None:
    broken = (GOOD[0].clone(), GOOD[1])
    broken[0][3, 2] = torch.nan
    with pytest.raises(ValueError, match=r"row 3"):
        verdicts(**{argument: broken})


def test_representations_of_two_widths_are_judged_one_by_one() -> None:
    """The two sides of a pair have encoders of their own."""
    sides = (drawn(SAMPLES, 32), drawn(SAMPLES, 48, seed=1))
    record = health(*GOOD, representations=sides)
    assert "representation_order" not in record.measurements
    assert record.verdict == "healthy"


def test_many_samples_are_compared_as_a_spread_of_them() -> None:
    one, other = drawn(4_095, 16), drawn(4_095, 16, seed=1)
    views = (one, one + other)
    some = tuple(view[::2] for view in views)
    assert partners(representations=views, raw=views) == partners(representations=some, raw=some)
    broken = (one.clone(), other)
    broken[0][3, 0] = torch.nan  # in a row that is left out
    with pytest.raises(ValueError, match="row 3"):
        partners(raw=broken)
