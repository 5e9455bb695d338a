"""Probes of numbers and several labels: values of scikit-learn, groups, shares, refusals."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch
from sklearn.linear_model import LogisticRegression, RidgeCV
from sklearn.metrics import average_precision_score
from sklearn.metrics import r2_score as theirs_r2
from sklearn.model_selection import GroupKFold
from sklearn.neighbors import KNeighborsRegressor
from torch import Tensor

from nearfar.probes import (
    KNNMultiLabelProbe,
    KNNProbe,
    KNNRegressionProbe,
    LinearMultiLabelProbe,
    LinearProbe,
    MultiLabelProbe,
    RegressionProbe,
    RidgeProbe,
    cross_validated,
    group_folds,
    held_out_predictions,
    held_out_values,
    knn_average_precision,
    knn_r2,
    linear_average_precision,
    mean_average_precision,
    r2_score,
    ridge_r2,
    share_of_labels,
)
from nearfar.probes._ridge import _STRENGTHS
from tests.every import every

NUMBERS = [(RidgeProbe, ridge_r2), (KNNRegressionProbe, knn_r2)]
SEVERAL = [
    (LinearMultiLabelProbe, linear_average_precision),
    (KNNMultiLabelProbe, knn_average_precision),
]


def made(rows: int = 90, dim: int = 12, *, seed: int = 0) -> tuple[Tensor, Tensor, Tensor]:
    """Rows, a number that depends on some columns, and three labels that do."""
    generator = torch.Generator().manual_seed(seed)
    x = torch.randn(rows, dim, generator=generator, dtype=torch.float64)
    noise = torch.randn(rows, 4, generator=generator, dtype=torch.float64)
    y = x[:, :3].sum(dim=1) + 0.5 * noise[:, 3]
    return x, y, (x[:, :3] + 0.3 * noise[:, :3] > 0.5).long()


# --- scores ---------------------------------------------------------------------------------------


def test_scores_are_those_of_scikit_learn() -> None:
    generator = np.random.default_rng(0)
    scores = generator.normal(size=(80, 4)).round(1)  # with ties
    labels = generator.random((80, 4)) < 0.3
    found = mean_average_precision(torch.tensor(scores), torch.tensor(labels).long())
    assert found == pytest.approx(average_precision_score(labels, scores, average="macro"))
    y, predicted = generator.normal(size=(2, 50))
    expected = theirs_r2(y, predicted)
    assert r2_score(torch.tensor(predicted), torch.tensor(y)) == pytest.approx(expected)
    labels[:, 2] = False  # a label without a positive sample does not count
    kept = [0, 1, 3]
    found = mean_average_precision(torch.tensor(scores), torch.tensor(labels).long())
    expected = average_precision_score(labels[:, kept], scores[:, kept], average="macro")
    assert found == pytest.approx(expected)


def test_scores_refuse_what_has_none() -> None:
    with pytest.raises(ValueError, match="`targets` must have a positive sample"):
        mean_average_precision(torch.rand(4, 2), torch.zeros(4, 2))
    with pytest.raises(ValueError, match="`targets` must not all be equal, got 3 times"):
        r2_score(torch.rand(3), torch.ones(3))


# --- probes ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("dim", [12, 200])
def test_ridge_is_that_of_scikit_learn_with_its_leave_one_out_choice(dim: int) -> None:
    x, y, _ = made(dim=dim)
    standard = ((x - x.mean(0)) / x.std(0, correction=0)).numpy()
    theirs = RidgeCV(alphas=np.array(_STRENGTHS) * len(x)).fit(standard, y.numpy())
    ours = RidgeProbe().fit(x, y)
    assert ours.chosen_l2 == pytest.approx(theirs.alpha_ / len(x))
    np.testing.assert_allclose(ours.predict(x).numpy(), theirs.predict(standard), atol=1e-8)


def test_with_groups_ridge_chooses_as_refitting_without_each_fold_would() -> None:
    x, y, _ = made(rows=60, dim=80)
    groups = torch.arange(60) // 6
    fold, standard = group_folds(groups), (x - x.mean(0)) / x.std(0, correction=0)
    errors = {}
    for l2 in _STRENGTHS:
        errors[l2] = 0.0
        for f in range(5):
            a, b = standard[fold != f], standard[fold == f]
            # scikit-learn's formula with an intercept, on columns that are not centred again
            left = a - a.mean(0)
            solved = torch.linalg.solve(
                left @ left.T + 60 * l2 * torch.eye(len(a)).double(),
                y[fold != f] - y[fold != f].mean(),
            )
            predicted = (b - a.mean(0)) @ left.T @ solved + y[fold != f].mean()
            errors[l2] += float((predicted - y[fold == f]).square().sum())
    assert RidgeProbe().fit(x, y, groups=groups).chosen_l2 == min(errors, key=lambda k: errors[k])


def test_knn_regression_with_equal_weights_is_that_of_scikit_learn() -> None:
    x, y, _ = made()
    theirs = KNeighborsRegressor(7, metric="cosine").fit(x[:60].numpy(), y[:60].numpy())
    ours = KNNRegressionProbe(neighbors=7, temperature=None).fit(x[:60], y[:60])
    expected = theirs.predict(x[60:].numpy())
    np.testing.assert_allclose(ours.predict(x[60:]).numpy(), expected, rtol=1e-5)


def test_linear_labels_are_separate_logistic_regressions() -> None:
    x, _, labels = made()
    standard = ((x - x.mean(0)) / x.std(0, correction=0)).numpy()
    ours = LinearMultiLabelProbe(l2=0.01).fit(x, labels).predict(x).numpy()
    for column in range(3):
        theirs = LogisticRegression(C=1 / (0.01 * len(x)), tol=1e-8, max_iter=1000)
        expected = theirs.fit(standard, labels[:, column].numpy()).predict_proba(standard)[:, 1]
        np.testing.assert_allclose(ours[:, column], expected, atol=2e-3)


def test_neighbors_labels_are_shares() -> None:
    x = torch.eye(3).repeat_interleave(4, 0)
    labels = torch.tensor([[1, 0]] * 4 + [[1, 1]] * 2 + [[0, 0]] * 6)
    probe = KNNMultiLabelProbe(neighbors=4, temperature=None).fit(x, labels)
    assert probe.predict(torch.eye(3)).tolist() == [[1, 0], [0.5, 0.5], [0, 0]]


@pytest.mark.parametrize(("kind", "function"), NUMBERS)
def test_numbers_are_read_in_any_type_and_bad_ones_refused(
    kind: type[RegressionProbe], function: Callable[..., float]
) -> None:
    x, y, _ = made()
    expected = function(x[:60], y[:60], x[60:], y[60:])
    assert expected == kind().fit(x[:60], y[:60]).score(x[60:], y[60:])
    assert 0.3 < expected <= 1
    for dtype in (torch.float16, torch.bfloat16):
        assert function(x[:60].to(dtype), y[:60].to(dtype), x[60:], y[60:]) > 0.3
    assert function(x[:60], y[:60].round().long(), x[60:], y[60:].round().long()) > 0.3
    with pytest.raises(ValueError, match=f"`{kind.__name__}` must be fitted first"):
        kind().predict(x)
    with pytest.raises(ValueError, match=r"one number for each of the 90 .* got shape \(60,\)"):
        kind().fit(x, y[:60])
    with pytest.raises(ValueError, match=r"`targets` must be finite, got nan in row 3"):
        kind().fit(x, y.where(torch.arange(90) != 3, float("nan")))
    with pytest.raises(ValueError, match="`targets` must not all be equal, got 90 times 2"):
        kind().fit(x, torch.full_like(y, 2))
    with pytest.raises(ValueError, match="the 12 columns the probe was fitted on"):
        kind().fit(x, y).predict(x[:, :4])


@pytest.mark.parametrize(("kind", "function"), SEVERAL)
def test_several_labels_are_ranked_and_bad_ones_refused(
    kind: type[MultiLabelProbe], function: Callable[..., float]
) -> None:
    x, _, labels = made(rows=150)
    expected = function(x[:100], labels[:100], x[100:], labels[100:])
    assert expected == kind().fit(x[:100], labels[:100]).score(x[100:], labels[100:])
    chance = float(labels[100:].double().mean())
    assert chance + 0.1 < expected <= 1
    assert function(x[:100].half(), labels[:100].bool().float(), x[100:], labels[100:]) > chance
    with pytest.raises(ValueError, match=r"one column per label, got shape \(150,\)"):
        kind().fit(x, labels[:, 0])
    with pytest.raises(ValueError, match="`labels` must be 0 or 1, got 2 in row 5"):
        kind().fit(x, labels.where(torch.arange(150)[:, None] != 5, 2))


def test_arguments_of_probes_of_values_are_checked() -> None:
    for kind in (RidgeProbe, LinearMultiLabelProbe):
        with pytest.raises(ValueError, match=r"`l2` must be a finite number above 0, got 0"):
            kind(l2=0.0)
    for kind in (KNNRegressionProbe, KNNMultiLabelProbe):
        with pytest.raises(ValueError, match="`neighbors` must be a whole number of 1 or more"):
            kind(neighbors=0)


# --- folds, groups, shares ------------------------------------------------------------------------


def test_held_out_values_are_those_of_other_folds() -> None:
    x, y, labels = made()
    found = held_out_values(RidgeProbe(), x, y, folds=3)
    assert 0.3 < r2_score(found, y) < RidgeProbe().fit(x, y).score(x, y)
    groups = torch.arange(90) // 30
    found = held_out_values(LinearMultiLabelProbe(l2=0.1), x, labels, folds=3, groups=groups)
    for train, test in GroupKFold(3).split(x, groups=groups):
        probe = LinearMultiLabelProbe(l2=0.1).fit(x[train], labels[train])
        torch.testing.assert_close(found[test], probe.predict(x[test]))
    with pytest.raises(ValueError, match="`folds` must be at most the number of samples, 3"):
        held_out_values(RidgeProbe(), x[:3], y[:3])


def test_a_group_is_in_one_fold_and_classes_are_spread() -> None:
    generator = torch.Generator().manual_seed(0)
    groups = torch.randint(0, 40, (400,), generator=generator)
    labels = torch.randint(0, 3, (400,), generator=generator)
    fold = group_folds(groups, labels)
    assert every(len(torch.unique(fold[groups == g])) == 1 for g in range(40))
    counts = torch.stack([fold[labels == c].bincount(minlength=5) for c in range(3)])
    assert int(counts.min()) > 10
    assert torch.equal(fold, group_folds(groups, labels))
    assert not torch.equal(fold, group_folds(groups, labels, seed=1))
    assert every(len(torch.unique(group_folds(groups)[groups == g])) == 1 for g in range(40))
    with pytest.raises(ValueError, match="`groups` must be at least 5, one per fold, got 2"):
        group_folds(torch.tensor([0, 0, 1, 1, 1, 1]))


@pytest.mark.usefixtures("as_users_run_it")
def test_groups_are_one_per_sample() -> None:
    labels = torch.arange(400) % 3
    with pytest.raises(ValueError, match=r"one group for each of the 400 samples, got shape \(3,"):
        group_folds(labels[:3], labels)
    with pytest.raises(ValueError, match=r"`groups` must be integers, got torch.float32"):
        LinearProbe().fit(torch.randn(400, 3), labels, groups=torch.rand(400))


def test_groups_that_give_the_class_away_no_longer_do() -> None:
    generator = torch.Generator().manual_seed(0)
    groups = torch.arange(100) // 4
    labels = groups % 2
    x = torch.randn(25, 8, generator=generator)[groups]  # only the group shows
    x = x + 0.01 * torch.randn(100, 8, generator=generator)
    assert cross_validated(KNNProbe(neighbors=3), x, labels) == 1.0
    assert cross_validated(KNNProbe(neighbors=3), x, labels, groups=groups) < 0.8
    alone = held_out_predictions(LinearProbe(), x, labels, groups=groups)
    assert float((alone == labels).double().mean()) < 0.8


def test_a_share_of_the_labels_is_balanced_over_the_classes() -> None:
    labels = torch.tensor([0] * 600 + [1] * 380 + [2] * 20)
    rows = share_of_labels(labels, 0.03)
    assert labels[rows].bincount().tolist() == [10, 10, 10]
    assert len(share_of_labels(labels, 0.001)) == 3  # one of each
    assert labels[share_of_labels(labels, 0.1)].bincount().tolist() == [40, 40, 20]
    assert share_of_labels(labels, 1.0).tolist() == list(range(1000))
    assert torch.equal(rows, share_of_labels(labels, 0.03))
    assert not torch.equal(rows, share_of_labels(labels, 0.03, seed=1))
    assert len(share_of_labels(torch.rand(200), 0.1)) == 20
    several = torch.zeros(200, 3)
    several[:4, 2] = several[50:90, 0] = several[80:180, 1] = 1
    assert every(several[share_of_labels(several, 0.05)].sum(dim=0) > 0)
    for share in (0.0, -0.1, 1.5):
        with pytest.raises(ValueError, match=r"`share` must (be|lie)"):
            share_of_labels(labels, share)
