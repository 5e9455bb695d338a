"""Claims: held, not held, undecided; and how a page's verdicts go together."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from nearfar.records import ClaimRecord
from nearfar.studies import AllOf, Claim, Difference, Exactly, Level, judge
from tests.studies.made_up import record, row

GAIN = Claim("a beats b", Difference("linear", "a", "b"), least=2)


def judged(claim: Claim, *differences: float) -> ClaimRecord:
    """The claim on a record where a minus b has these values in points."""
    rows = [
        row("a", *(0.5 + d / 100 for d in differences)),
        row("b", *(0.5 for _ in differences)),
    ]
    (found,) = judge([claim], record(rows))
    return found


@pytest.mark.parametrize(
    ("differences", "verdict"),
    [
        ((5.0, 5.5, 6.0), "held"),
        ((1.9, 2.6, 3.4, 2.5), "held"),  # above 0, and 2 points are possible
        ((0.5, 0.6, 0.7), "not held"),  # above 0, but less than counts
        ((-1.0, -1.2, -0.8), "not held"),
        ((0.0, 3.0, 1.0), "undecided"),
        ((5.0,), "undecided"),  # one seed has no interval
    ],
)
def test_the_interval_decides(differences: tuple[float, ...], verdict: str) -> None:
    found = judged(GAIN, *differences)
    assert found.verdict == verdict
    assert found.effect == pytest.approx(np.mean(differences))
    assert found.seeds == len(differences)


def test_the_interval_is_student_s() -> None:
    found = judged(GAIN, 1.0, 2.0, 4.0)
    low, high = stats.ttest_1samp([1.0, 2.0, 4.0], 0).confidence_interval(0.95)
    assert (found.low, found.high) == pytest.approx((low, high))
    assert found.confidence == pytest.approx(0.95)
    assert found.unit == "points"


@pytest.mark.parametrize(
    ("differences", "verdict"),
    [
        ((0.1, -0.2, 0.1), "held"),
        ((4.0, 4.1, 3.9), "not held"),
        ((-4.0, -4.1, -3.9), "not held"),
        ((1.0, 3.0, -1.0), "undecided"),
    ],
)
def test_equivalence_is_two_one_sided_tests(differences: tuple[float, ...], verdict: str) -> None:
    claim = Claim.equal("a is as good as b", Difference("linear", "a", "b"), 2)
    found = judged(claim, *differences)
    assert found.verdict == verdict
    sample = np.asarray(differences)
    p = max(
        stats.ttest_1samp(sample, -2, alternative="greater").pvalue,
        stats.ttest_1samp(sample, 2, alternative="less").pvalue,
    )
    assert (p <= 0.05) == (verdict == "held")


def test_an_exact_value_is_at_most_its_bound() -> None:
    def verdict(value: float) -> str:
        claim = Claim.at_most("small", Exactly(lambda record: value), 1e-6)
        return judge([claim], record([]))[0].verdict

    assert [verdict(value) for value in (0.0, 1e-6, 2e-6)] == ["held", "held", "not held"]


def test_at_most_with_seeds_needs_an_interval_below() -> None:
    claim = Claim.at_most("a is no better", Difference("linear", "a", "b"), 1)
    assert judged(claim, -1.0, -1.5, -0.5).verdict == "held"
    assert judged(claim, 4.0, 4.2, 4.4).verdict == "not held"
    assert judged(claim, 0.0, 2.5, -1.0).verdict == "undecided"


def test_the_weakest_of_several_effects_decides() -> None:
    rows = [row("a", 0.60, 0.61, 0.62), row("b", 0.50, 0.50, 0.50), row("c", 0.597, 0.605, 0.615)]
    both = AllOf([Difference("linear", "a", "b"), Difference("linear", "a", "c")])
    (found,) = judge([Claim("a beats both", both, least=2)], record(rows))
    assert found.verdict == "not held"
    assert found.effect == pytest.approx(13 / 30)
    assert "a − b" in found.evidence
    assert "a − c" in found.evidence


def test_the_effect_that_is_shown_is_the_one_that_decides() -> None:
    rows = [
        row("b", 0.5, 0.5, 0.5),
        row("sure", 0.511, 0.512, 0.513),  # 1.2 points, certainly within 2
        row("wide", 0.48, 0.52, 0.50),  # 0 points, but who knows
    ]
    effects = AllOf([Difference("linear", name, "b") for name in ("sure", "wide")])
    (found,) = judge([Claim.equal("equal", effects, 2)], record(rows))
    assert found.verdict == "undecided"
    assert found.effect == pytest.approx(0)


def test_a_failure_of_one_of_many_effects_is_corrected_for_their_number() -> None:
    sample = [0.0, 1.0, 1.4]  # one-sided p of an effect of at least 2: 0.05
    p = stats.ttest_1samp(sample, 2, alternative="less").pvalue
    assert 0.025 < 2 * p / 2 * 2 < 0.2
    rows = [row("b", 0.5, 0.5, 0.5)]
    rows += [row(f"a{i}", *(0.5 + d / 100 for d in sample)) for i in range(9)]
    effects = [Difference("linear", f"a{i}", "b") for i in range(9)]
    (found,) = judge([Claim("all", AllOf(effects), least=2)], record(rows))
    assert found.verdict == "undecided"
    assert "the weakest of 9" in found.evidence


def test_a_page_of_claims_is_corrected_by_holm() -> None:
    sample = [2.0, 3.0, 5.0, 3.0]  # decided alone, not among many
    alone = judged(GAIN, *sample)
    assert alone.verdict == "held"
    p = stats.ttest_1samp(sample, 0).pvalue
    assert 0.05 / 5 < p < 0.05
    rows = [row("b", *[0.5] * 4), row("a", *(0.5 + d / 100 for d in sample))]
    claims = [GAIN] * 5
    found = judge(claims, record(rows))
    assert [claim.verdict for claim in found] == ["undecided"] * 5
    assert found[0].confidence == pytest.approx(0.99)
    low, high = stats.ttest_1samp(sample, 0).confidence_interval(0.99)
    assert (found[0].low, found[0].high) == pytest.approx((low, high))


def test_holm_gives_later_claims_more_room() -> None:
    rows = [row("b", *[0.5] * 4)]
    strong, weak = [9.0, 9.1, 9.2, 9.1], [2.0, 3.0, 4.0, 3.1]
    for name, sample in (("strong", strong), ("weak", weak)):
        rows.append(row(name, *(0.5 + d / 100 for d in sample)))
    claims = [Claim(name, Difference("linear", name, "b"), least=1) for name in ("weak", "strong")]
    weak_found, strong_found = judge(claims, record(rows))
    assert (weak_found.confidence, strong_found.confidence) == pytest.approx((0.95, 0.975))
    assert [weak_found.verdict, strong_found.verdict] == ["held", "held"]


def test_an_undecided_claim_says_how_many_seeds_would_decide() -> None:
    found = judged(GAIN, 0.0, 3.0, 1.5)
    assert found.verdict == "undecided"
    assert found.seeds_needed is not None
    assert found.seeds_needed > 3
    assert f"{found.seeds_needed} seeds would decide" in found.outcome
    assert judged(GAIN, 5.0).seeds_needed is None


def test_with_as_many_seeds_it_is_mostly_decided() -> None:
    draw = np.random.default_rng(0)
    sample = [0.2, 3.1, 1.2, 2.6]
    needed = judged(GAIN, *sample).seeds_needed
    assert needed is not None
    mean, spread = np.mean(sample), np.std(sample, ddof=1)
    verdicts = [judged(GAIN, *draw.normal(mean, spread, size=needed)).verdict for _ in range(60)]
    assert 60 - verdicts.count("undecided") > 60 * 0.6


def test_a_claim_about_rows_that_the_record_has_not_is_left_out() -> None:
    assert judge([GAIN], record([row("a", 0.5)])) == ()
    (found,) = judge([GAIN], record([row("a", 0.5), row("b")]))
    assert (found.verdict, found.evidence) == ("undecided", "not measured")


def test_wrong_margins_are_refused() -> None:
    with pytest.raises(ValueError, match="`least` must be at least `above`, 3, got 2"):
        Claim("x", Level("linear", "a"), least=2, above=3)
    with pytest.raises(ValueError, match="`least` must be above 0 for an equivalence, got 0"):
        Claim.equal("x", Level("linear", "a"), 0)


def test_old_records_have_the_new_words() -> None:
    old = '{"text": "a", "holds": %s, "evidence": "b"}'
    found = [ClaimRecord.from_json(old % value) for value in ("true", "false", "null")]
    assert [claim.verdict for claim in found] == ["held", "not held", "undecided"]
    assert found[0].effect_text == ""
    assert not math.isnan(found[0].effect or 0)
