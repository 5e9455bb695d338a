"""Both lower bounds of the contrastive loss, and what they say of the supervised one."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from nearfar.data.worlds import GaussianClasses
from nearfar.ops import to_sphere
from nearfar.theory import (
    CouponBound,
    CURLBound,
    coupon_collector_probability,
    coupon_lower_bound,
    coupon_supervised_bound,
    curl_lower_bound,
    curl_supervised_bound,
    expected_log_collisions,
    log_coupon_collector_probability,
    log_no_collision,
)
from references import negatives as exact

# K: the contrastive loss, both lower bounds and the upper bound, of five classes on a sphere in
# eight dimensions, from an independent simulation of 20,000 draws with centres of its own
SIMULATED = {
    4: (0.659, -0.445, -0.642, 69.0),
    8: (1.061, -0.302, -0.340, 7.9),
    16: (1.566, 0.017, -0.035, 5.0),
    32: (2.149, 0.579, 0.276, 5.1),
    64: (2.789, 1.224, 0.601, 5.7),
}


def random_world(
    seed: int, *, views: int = 2, samples: int = 40, classes: int = 3, dim: int = 4, noise: float
) -> tuple[torch.Tensor, torch.Tensor]:
    """Every class with a sample at least, clouds around random centres, views around samples."""
    draw = torch.Generator().manual_seed(seed)
    more = torch.randint(classes, (samples - classes,), generator=draw)
    labels = torch.cat([torch.arange(classes), more])
    centers = torch.randn(classes, dim, generator=draw)
    rows = centers[labels] + noise * torch.randn(samples, dim, generator=draw)
    return rows + noise * torch.randn(views, samples, dim, generator=draw), labels


@pytest.mark.parametrize("num_negatives", SIMULATED)
def test_gaussian_classes_read_what_an_independent_simulation_reads(num_negatives: int) -> None:
    drawn = GaussianClasses(5, 8, seed=1).draw(20_000, views=4)
    settings = {"num_negatives": num_negatives, "temperature": 0.5, "prior": 5, "draws": 20_000}
    coupon = coupon_lower_bound(drawn.embeddings, drawn.labels, **settings)
    curl = curl_lower_bound(drawn.embeddings, drawn.labels, **settings)
    info_nce, curl_bound, coupon_bound, upper = SIMULATED[num_negatives]
    assert coupon.info_nce == pytest.approx(info_nce, abs=0.05)  # the centres differ
    assert curl.bound == pytest.approx(curl_bound, abs=0.05)
    assert coupon.bound == pytest.approx(coupon_bound, abs=0.05)
    assert coupon.gap == pytest.approx(-1.37, abs=0.01)
    assert coupon.supervised == pytest.approx(1.35, abs=0.05)
    assert coupon_supervised_bound(coupon).bound == pytest.approx(upper, rel=0.02)
    assert max(curl.bound, coupon.bound) < coupon.info_nce


def test_gap_and_supervised_loss_tend_to_those_of_the_world() -> None:
    world = GaussianClasses(5, 8)
    drawn = world.draw(20_000, views=6)
    terms = coupon_lower_bound(
        drawn.embeddings, drawn.labels, num_negatives=1, temperature=0.5, prior=5, draws=2
    )
    z, means = drawn.embeddings, world.class_means
    leads = (z * (means[drawn.labels] - drawn.instance_means)).sum(dim=2)
    assert terms.gap == pytest.approx(float(leads.clamp(max=0).mean() / 0.5), abs=0.02)
    logits = z @ means.T / 0.5
    loss = torch.nn.functional.cross_entropy(logits.flatten(0, 1), drawn.labels.repeat(len(z)))
    assert terms.supervised == pytest.approx(float(loss), abs=0.01)


@pytest.mark.parametrize("prior", [None, [0.5, 0.3, 0.2], 3])
@pytest.mark.parametrize("num_negatives", [1, 2, 3])
def test_every_term_is_what_going_through_all_draws_gives(num_negatives: int, prior: Any) -> None:
    embeddings, labels = random_world(3, samples=4, noise=0.5)
    embeddings = to_sphere(embeddings.double())
    settings = {"num_negatives": num_negatives, "temperature": 0.4}
    known = {None: [0.5, 0.25, 0.25], 3: [1 / 3] * 3}
    law = prior if isinstance(prior, list) else known[prior]
    if prior is None:
        labels = torch.tensor([0, 1, 2, 0])
    truth = exact.bound_terms(embeddings.tolist(), labels.tolist(), prior=law, **settings)
    coupon = coupon_lower_bound(embeddings, labels, prior=prior, draws=60_000, **settings)
    curl = curl_lower_bound(embeddings, labels, prior=prior, draws=60_000, **settings)
    noise = 5 * coupon.standard_error
    assert coupon.info_nce == pytest.approx(truth["info_nce"], abs=noise)
    assert coupon.supervised == pytest.approx(truth["supervised"], rel=1e-12)
    assert coupon.supervised_part == pytest.approx(truth["all"], rel=1e-10)
    assert coupon.subclass_part == pytest.approx(truth["not all"], abs=0.03)
    assert coupon.gap == pytest.approx(truth["gap"], rel=1e-12)
    assert coupon.collisions == pytest.approx(truth["col"], rel=1e-12)
    whole = (truth["all"] + truth["not all"] + truth["col"]) / 2 + truth["gap"]
    assert coupon.bound == pytest.approx(whole, abs=0.02)
    assert truth["info_nce"] >= whole
    assert (curl.info_nce, curl.gap, curl.supervised, curl.collisions) == (
        coupon.info_nce,
        coupon.gap,
        coupon.supervised,
        coupon.collisions,
    )
    assert curl.supervised_part == pytest.approx(truth["clear all"], abs=0.01)
    assert curl.subclass_part == pytest.approx(truth["clear not all"], abs=0.01)
    whole = truth["clear all"] + truth["clear not all"] + truth["col"] + truth["gap"]
    assert curl.bound == pytest.approx(whole, abs=0.01)
    assert truth["info_nce"] >= whole


@settings(max_examples=40, deadline=None, derandomize=True, database=None)
@given(
    seed=st.integers(0, 10**6),
    classes=st.integers(2, 6),
    views=st.integers(2, 4),
    dim=st.integers(1, 8),
    noise=st.floats(0, 2),
    num_negatives=st.integers(1, 80),
    temperature=st.floats(0.05, 3),
)
def test_no_world_breaks_a_bound(
    *,
    seed: int,
    classes: int,
    views: int,
    dim: int,
    noise: float,
    num_negatives: int,
    temperature: float,
) -> None:
    embeddings, labels = random_world(seed, views=views, classes=classes, dim=dim, noise=noise)
    options = {"num_negatives": num_negatives, "temperature": temperature, "draws": 3000}
    coupon = coupon_lower_bound(embeddings, labels, **options)
    curl = curl_lower_bound(embeddings, labels, **options)
    noise = 5 * coupon.standard_error + 0.05 / temperature
    for terms in (coupon, curl):
        assert terms.gap <= 1e-7
        assert terms.bound <= terms.info_nce + noise
    assert coupon.supervised <= coupon_supervised_bound(coupon).bound + 2 * noise / max(
        1e-300, math.exp(coupon.log_least_coverage)
    )
    if curl.log_separated > -20:
        slack = noise * math.exp(-curl.log_separated)
        assert curl.supervised <= curl_supervised_bound(curl).bound + slack


def test_a_collapsed_encoder_reads_chance_everywhere() -> None:
    embeddings = torch.ones(2, 60, 5)
    labels = torch.arange(60) % 6
    terms = coupon_lower_bound(embeddings, labels, num_negatives=63, temperature=0.1)
    assert terms.info_nce == pytest.approx(math.log(64), abs=1e-5)
    assert terms.supervised == pytest.approx(math.log(6), abs=1e-5)
    assert terms.gap == pytest.approx(0, abs=1e-6)
    said = coupon_supervised_bound(terms)
    assert said.collapsed == math.log(6)
    assert said.vacuous


def test_perfect_classes_meet_the_bounds_when_nothing_but_collisions_costs() -> None:
    embeddings = 2 * torch.eye(6).repeat(10, 1).expand(3, 60, 6)
    labels = torch.arange(6).repeat(10)
    options = {"num_negatives": 20, "temperature": 0.02, "draws": 20_000}
    coupon = coupon_lower_bound(embeddings, labels, **options)
    curl = curl_lower_bound(embeddings, labels, **options)
    assert curl.bound == pytest.approx(expected_log_collisions(20, 6), abs=1e-6)
    assert curl.info_nce == pytest.approx(curl.bound, abs=5 * curl.standard_error)  # tight
    assert coupon.bound == pytest.approx(curl.bound / 2, abs=1e-6)
    assert not coupon_supervised_bound(coupon).vacuous


def test_one_bound_explodes_with_the_negatives_and_the_other_does_not() -> None:
    drawn = GaussianClasses(5, 8).draw(5_000)
    logs = {"coupon": [], "curl": []}
    for num_negatives in (32, 64, 128, 256):
        options = {"num_negatives": num_negatives, "temperature": 0.5, "prior": 5, "draws": 2000}
        coupon = coupon_lower_bound(drawn.embeddings, drawn.labels, **options)
        curl = curl_lower_bound(drawn.embeddings, drawn.labels, **options)
        logs["coupon"].append(coupon_supervised_bound(coupon).log_bound)
        logs["curl"].append(curl_supervised_bound(curl).log_bound)
    assert max(logs["coupon"]) - min(logs["coupon"]) < math.log(2)
    for few, many, more in zip(logs["curl"], logs["curl"][1:], (32, 64, 128), strict=False):
        assert many - few == pytest.approx(-more * math.log1p(-1 / 5), abs=0.3)


# K + 1: loss, gap, CURL's and the coupons' subclass rows, collisions, both published logarithms
AG_NEWS = {
    16: (1.23, -1.72, 0.00, 0.02, 1.49, 4.72, 1.52),
    32: (1.77, -1.77, 0.00, 0.00, 2.13, 9.28, 1.60),
    64: (2.37, -1.81, 0.00, 0.00, 2.80, None, 1.72),
    128: (3.02, -1.82, 0.00, 0.00, 3.48, None, 1.83),
    256: (3.69, -1.83, 0.00, 0.00, 4.16, None, 1.93),
    512: (4.37, -1.84, 0.00, 0.00, 4.85, None, 2.02),
}


@pytest.mark.parametrize("candidates", AG_NEWS)
def test_published_rows_give_the_published_bounds(candidates: int) -> None:
    info_nce, gap, curl_row, coupon_row, collisions, curl_log, coupon_log = AG_NEWS[candidates]
    common = {
        "info_nce": info_nce,
        "standard_error": 0.0,
        "supervised": 1.3,
        "supervised_part": math.nan,
        "collisions": collisions,
        "gap": gap,
        "bound": math.nan,
        "classes": 4,
    }
    covered = log_coupon_collector_probability(candidates, 4)
    coupon = CouponBound(
        coverage=math.exp(covered),
        log_least_coverage=covered,
        subclass_part=2 * coupon_row,  # the row has the factor ½ in it
        **common,
    )
    assert coupon_supervised_bound(coupon).log_bound == pytest.approx(coupon_log, abs=0.012)
    clear = log_no_collision(candidates - 1, 4)
    curl = CURLBound(
        collision_probability=-math.expm1(clear),
        log_no_collision=clear,
        log_separated=clear,  # as the paper divides
        subclass=math.nan,
        subclass_part=curl_row,
        **common,
    )
    log_bound = curl_supervised_bound(curl).log_bound
    if curl_log is not None:
        assert log_bound == pytest.approx(curl_log, abs=0.03)
    else:  # the published values stop at 37, where 1 − τ rounds to 1e-16
        assert log_bound == pytest.approx(-clear, abs=0.5)
    assert curl_supervised_bound(curl).vacuous


def test_many_negatives_leave_the_logarithm_of_the_exploding_bound() -> None:
    embeddings, labels = random_world(0, noise=0.3)
    terms = curl_lower_bound(embeddings, labels, num_negatives=5_000, temperature=0.5, draws=256)
    said = curl_supervised_bound(terms)
    assert terms.collision_probability == 1
    assert said.bound == math.inf
    assert 1000 < said.log_bound < 10_000


def test_too_few_draws_for_all_classes_say_nothing_of_them() -> None:
    embeddings, labels = random_world(0, classes=6, noise=0.3)
    options = {"num_negatives": 4, "temperature": 0.5}
    coupon = coupon_lower_bound(embeddings, labels, **options)
    assert coupon.coverage == coupon.supervised_part == 0
    assert coupon_supervised_bound(coupon).bound == math.inf
    curl = curl_lower_bound(embeddings, labels, **options)
    assert curl.supervised_part == 0
    assert curl.subclass_part == pytest.approx(
        math.exp(curl.log_no_collision) * curl.subclass, rel=1e-12
    )
    assert curl_supervised_bound(curl).log_bound == math.inf


def test_the_prior_given_is_the_one_that_counts() -> None:
    embeddings, labels = random_world(1, noise=0.3)
    prior = [0.7, 0.2, 0.1]
    options = {"num_negatives": 7, "temperature": 0.5}
    terms = coupon_lower_bound(embeddings, labels, prior=prior, **options)
    assert terms.coverage == pytest.approx(coupon_collector_probability(8, prior), rel=1e-12)
    assert terms.collisions == pytest.approx(expected_log_collisions(7, prior), rel=1e-12)
    shares = torch.bincount(labels) / len(labels)
    own = coupon_lower_bound(embeddings, labels, **options)
    given = coupon_lower_bound(embeddings, labels, prior=shares, **options)
    assert own.coverage == pytest.approx(given.coverage, rel=1e-6)
    assert own.info_nce == pytest.approx(given.info_nce, rel=1e-5)


def test_only_directions_and_the_partition_matter() -> None:
    embeddings, labels = random_world(2, noise=0.4)
    options = {"num_negatives": 7, "temperature": 0.5}
    here = dataclasses.astuple(coupon_lower_bound(embeddings.double(), labels, **options))
    turn = torch.linalg.qr(torch.randn(4, 4, dtype=torch.float64))[0]
    lengths = 0.1 + torch.rand(2, 40, 1)
    there = coupon_lower_bound(lengths * embeddings.double() @ turn, 10 * labels + 5, **options)
    assert dataclasses.astuple(there) == pytest.approx(here, rel=1e-9)


def test_a_seed_decides_and_records_survive_json() -> None:
    embeddings, labels = random_world(2, classes=6, noise=0.4)
    for function in (coupon_lower_bound, curl_lower_bound):
        options = {"num_negatives": 4, "temperature": 0.5}
        first = function(embeddings, labels, seed=3, **options)
        assert first == function(embeddings, labels, seed=3, **options)
        assert first.info_nce != function(embeddings, labels, seed=4, **options).info_nce
        assert type(first).from_json(first.to_json()) == first
    said = coupon_supervised_bound(coupon_lower_bound(embeddings, labels, **options))
    assert type(said).from_json(said.to_json()) == said


def test_half_precision_is_widened() -> None:
    embeddings, labels = random_world(2, noise=0.4)
    options = {"num_negatives": 7, "temperature": 0.5}
    half = coupon_lower_bound(embeddings.half(), labels, **options)
    assert half.info_nce == pytest.approx(
        coupon_lower_bound(embeddings, labels, **options).info_nce, rel=1e-2
    )


@pytest.mark.usefixtures("as_users_run_it")
@pytest.mark.parametrize("function", [coupon_lower_bound, curl_lower_bound])
def test_what_makes_no_sense_is_refused(function: Any) -> None:
    embeddings, labels = random_world(0, noise=0.3)
    good = {"num_negatives": 7, "temperature": 0.5}

    def refused(message: str, *tensors: Any, **changed: Any) -> None:
        z, y = tensors if tensors else (embeddings, labels)
        with pytest.raises((ValueError, TypeError), match=message):
            function(z, y, **{**good, **changed})

    refused("`temperature` must be a finite number above 0, got 0", temperature=0)
    refused("`temperature` must be a finite number above 0, got -1", temperature=-1)
    refused("`num_negatives` must be a whole number of 1 or more, got -3", num_negatives=-3)
    refused("`draws` must be a whole number of 2 or more, got 1", draws=1)
    refused("`seed` must be a whole number of 0 or more, got -1", seed=-1)
    refused("`prior` must sum to 1, got a sum of 1.5", prior=[0.5, 0.5, 0.5])
    refused("`prior` must have a class for every label, got 2 classes and the label 2", prior=2)
    refused("contain each of the 4 classes of `prior`, got none of class 3", prior=4)
    refused("at least 2 views of each sample, got shape .1, 40, 4.", embeddings[:1], labels)
    refused("`embeddings` must have the axes views × samples × dim", embeddings[0], labels)
    refused("`embeddings` must be floating point", embeddings.long(), labels)
    refused("`embeddings` must contain only finite numbers", embeddings / 0, labels)
    refused("one label for each of the 40 samples, got shape .39,.", embeddings, labels[1:])
    refused("`labels` must be integers, got torch.float32", embeddings, labels.float())
    refused("`labels` must be integers of 0 or more, got -1", embeddings, labels - 1)
    refused("`labels` must contain at least 2 classes, got 1", embeddings, labels * 0)
