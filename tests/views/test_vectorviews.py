"""Views of vectors: what is drawn, from whom, and what is left alone."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from scipy.stats import norm

from nearfar.ops import uniform
from nearfar.views import VectorViews, Views

DIM = 10
MEAN = tuple(float(column) for column in range(DIM))
STD = tuple(1.0 + column for column in range(DIM))
LEVELS = [[100.0 * column + level for level in range(8)] for column in range(DIM)]


def vectors(rows: int = 6) -> torch.Tensor:
    spread = torch.tensor(STD, dtype=torch.float64)
    return torch.randn(rows, DIM, dtype=torch.float64) * spread + torch.tensor(MEAN)


def make(**settings: object) -> VectorViews:
    return VectorViews(mean=MEAN, std=STD, marginals=LEVELS, **settings)  # type: ignore[arg-type]


def test_vectorviews_are_views() -> None:
    assert isinstance(make(), Views)


def test_a_view_depends_on_seed_epoch_sample_and_view_and_not_on_the_batch() -> None:
    views, x, samples = make(scaling=0.2), vectors(), torch.arange(20, 26)
    first, second = views(x, samples, seed=3, epoch=4)
    turned = torch.tensor([4, 0, 5])
    again, _ = views(x[turned], samples[turned], seed=3, epoch=4)
    assert torch.equal(again, first[turned])
    assert not torch.equal(first, second)
    assert not torch.equal(first, views(x, samples, seed=3, epoch=5)[0])
    assert not torch.equal(first, views(x, samples, seed=4, epoch=4)[0])
    assert not torch.equal(first, views(x, samples + 1, seed=3, epoch=4)[0])


def test_views_equal_a_loop_over_rows_and_features() -> None:
    x, samples = vectors(), torch.arange(6)
    settings = {"mask": (0.3, 0.6), "noise": 0.5, "scaling": 0.25}
    views = make(**settings)(x, samples, seed=1, epoch=2)
    for view, share in enumerate((0.3, 0.6)):
        draws = uniform(samples, seed=1, epoch=2, view=view, count=5 * DIM).double().numpy()
        for row in range(6):
            which, other, radius, angle, factor = np.split(draws[row], 5)
            masked = set(np.argsort(which, kind="stable")[: math.floor(share * DIM)])
            for j in range(DIM):
                value = (float(x[row, j]) - MEAN[j]) / STD[j]
                if j in masked:
                    value = LEVELS[j][math.floor(other[j] * 8)]
                value *= 1 + 0.25 * (2 * factor[j] - 1)
                length = math.sqrt(-2 * math.log(1 - radius[j]))
                value += 0.5 * length * math.cos(2 * math.pi * angle[j])
                assert float(views[view][row, j]) == pytest.approx(value, rel=1e-5, abs=1e-5)


def test_each_view_has_as_many_masked_features_as_its_share_says() -> None:
    clean, masked = make(mask=(0.0, 0.6), noise=0.0)(
        vectors(500), torch.arange(500), seed=0, epoch=0
    )
    changed = (clean != masked).sum(1)
    assert set(changed.tolist()) == {6}
    often = (clean != masked).float().mean(0)
    assert float(often.min()) > 0.5
    assert float(often.max()) < 0.7


def test_a_swapped_feature_has_the_marginal_it_was_given() -> None:
    views = VectorViews(
        mean=(0.0,), std=(1.0,), marginals=[[0.0, 0.0, 0.0, 7.0]], mask=1.0, noise=0.0
    )
    first, _ = views(torch.full((4000, 1), 50.0), torch.arange(4000), seed=0, epoch=0)
    assert sorted(set(first.flatten().tolist())) == [0.0, 7.0]
    assert float((first == 7).float().mean()) == pytest.approx(0.25, abs=0.03)


def test_a_feature_masked_by_its_mean_is_zero() -> None:
    views = VectorViews(mean=(3.0, 4.0), std=(1.0, 2.0), mask=1.0, fill="mean", noise=0.0)
    first, _ = views(torch.randn(5, 2), torch.arange(5), seed=0, epoch=0)
    assert torch.equal(first, torch.zeros(5, 2))


def test_noise_is_normal_with_the_standard_deviation_asked_for() -> None:
    views = VectorViews(mean=(0.0,), std=(1.0,), mask=0.0, noise=0.5)
    first, _ = views(torch.zeros(20_000, 1), torch.arange(20_000), seed=0, epoch=0)
    observed = np.sort(first.flatten().numpy()) / 0.5
    expected = norm.ppf((np.arange(20_000) + 0.5) / 20_000)
    middle = slice(200, -200)
    assert np.abs(observed - expected)[middle].max() < 0.08


def test_a_constant_feature_stays_constant() -> None:
    views = VectorViews(mean=(5.0, 0.0), std=(0.0, 1.0), mask=0.0, noise=1.0, scaling=0.5)
    x = torch.tensor([[5.0, 1.0], [5.0, 2.0]])
    for view in views(x, torch.arange(2), seed=0, epoch=0):
        assert view[:, 0].tolist() == [0.0, 0.0]
        assert not torch.equal(view[:, 1], x[:, 1])


def test_a_small_change_of_a_large_number_is_not_lost() -> None:
    x = 1e9 + torch.tensor([[-1.0], [0.0], [1.0]], dtype=torch.float64)
    assert VectorViews(mean=(1e9,), std=(1.0,), mask=0.0).plain(x).tolist() == [[-1], [0], [1]]


def test_settings_make_the_same_views_again() -> None:
    views = make(mask=(0.1, 0.5), noise=0.2)
    again = make(**views.settings())
    assert again.settings() == views.settings()
    assert repr(views) == (
        "VectorViews(num_views=2, mask=(0.1, 0.5), fill='swap', noise=0.2, scaling=0.0)"
    )


def test_too_few_features_to_mask_one_are_noted() -> None:
    views = VectorViews(mean=(0.0, 0.0), std=(1.0, 1.0), mask=0.3)
    assert views.notes == ("masking disabled: 0.3 of 2 features is less than one",)
    assert make().notes == ()


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"mask": 1.5}, "`mask` must lie between 0 and 1, got 1.5"),
        ({"mask": (0.1, 0.2, 0.3)}, "`mask` must be one fraction or 2, one per view"),
        ({"fill": "zero"}, "`fill` must be one of mean, swap, got 'zero'"),
        ({"noise": -1.0}, "`noise` must be 0 or more, got -1.0"),
        ({"scaling": math.inf}, "`scaling` must be 0 or more, got inf"),
        ({"num_views": 0}, "`num_views` must be a whole number of 1 or more, got 0"),
        ({"std": (1.0,)}, "`std` must be 10 numbers of 0 or more"),
        ({"std": (-1.0,) * DIM}, "`std` must be 10 numbers of 0 or more"),
        ({"marginals": None}, "`marginals` must be given if `fill` is 'swap'"),
        ({"marginals": [[0.0]]}, "`marginals` must have values for each of 10 features"),
        ({"mean": (), "std": ()}, "`dim` must be a whole number of 1 or more, got 0"),
        ({"mean": (0.0,) * 60_000}, "`mean` must have at most 52,428 features, got 60,000"),
    ],
)
def test_settings_that_make_no_sense_are_refused(
    settings: dict[str, object], message: str, as_users_run_it: None
) -> None:
    known = {"mean": MEAN, "std": STD, "marginals": LEVELS}
    with pytest.raises(ValueError, match=message):
        VectorViews(**known | settings)  # type: ignore[arg-type]


def test_vectors_of_another_form_are_refused(as_users_run_it: None) -> None:
    views = make()
    with pytest.raises(ValueError, match=r"`vectors` must be batch × 10, got shape \(2, 9\)"):
        views(torch.zeros(2, 9), torch.arange(2), seed=0, epoch=0)
    with pytest.raises(TypeError, match=r"`vectors` must be floating point, got torch.int64"):
        views.plain(torch.zeros(2, 10, dtype=torch.int64))
    with pytest.raises(ValueError, match=r"`samples` must be 2 indices, got shape \(3,\)"):
        views(torch.zeros(2, 10), torch.arange(3), seed=0, epoch=0)
