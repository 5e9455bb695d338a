"""The linear probe on more dimensions than rows: the same minimum from the smaller problem."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler
from torch import Tensor

from nearfar.probes import LinearProbe
from nearfar.probes._minimizer import minimized
from nearfar.probes._principal_axes import PrincipalAxes


def wide(rows: int = 120, dim: int = 300) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    data = load_digits()
    generator = torch.Generator().manual_seed(0)
    images = torch.tensor(data.data[: 2 * rows])
    mixed = images @ torch.randn(64, dim, generator=generator, dtype=torch.float64)
    mixed += 10 * torch.randn(mixed.shape, generator=generator, dtype=torch.float64)
    labels = torch.tensor(data.target[: 2 * rows])
    return mixed[:rows], labels[:rows], mixed[rows:], labels[rows:]


def test_both_eigenproblems_have_the_same_axes_and_weights() -> None:
    rows, _, _, _ = wide()
    dual, primal = (PrincipalAxes.of(rows, dual=kind) for kind in (True, False))
    assert PrincipalAxes.of(rows).dual
    assert not PrincipalAxes.of(rows.T).dual
    torch.testing.assert_close(dual.variances, primal.variances)
    signs = (dual.scores * primal.scores).sum(dim=0).sign()
    torch.testing.assert_close(dual.scores, primal.scores * signs, rtol=1e-6, atol=1e-8)
    weights = torch.randn(3, len(dual.variances), dtype=torch.float64)
    expected = primal.in_columns(weights * signs)
    torch.testing.assert_close(dual.in_columns(weights), expected, rtol=1e-6, atol=1e-9)
    expected = torch.tensor(StandardScaler().fit_transform(rows.numpy())) @ expected.T
    torch.testing.assert_close(dual.scores @ weights.T, expected, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("l2", [1e-1, 1e-2])
def test_wide_embeddings_have_the_weights_of_scikit_learn(l2: float) -> None:
    train, labels, test, _ = wide()
    scaler = StandardScaler().fit(train.numpy())
    theirs = LogisticRegression(C=1 / (l2 * len(train)), max_iter=5000, tol=1e-10)
    theirs.fit(scaler.transform(train.numpy()), labels.numpy())
    ours = LinearProbe(l2=l2).fit(train, labels)
    np.testing.assert_allclose(ours._weights.numpy(), theirs.coef_, atol=2e-2)
    same = ours.predict(test).numpy() == theirs.predict(scaler.transform(test.numpy()))
    assert same.mean() > 0.98


def test_single_precision_predicts_like_double() -> None:
    train, labels, test, _ = wide()
    double = LinearProbe().fit(train, labels)
    single = LinearProbe().fit(train.float(), labels)
    assert single.chosen_l2 == double.chosen_l2
    assert torch.equal(single.predict(test.float()), double.predict(test))


def test_the_minimizer_solves_a_badly_scaled_quadratic() -> None:
    scales = torch.logspace(0, 3, 30, dtype=torch.float64)
    target = torch.randn(30, dtype=torch.float64)

    def objective(x: Tensor) -> tuple[float, Tensor]:
        return float(0.5 * (scales * (x - target).square()).sum()), scales * (x - target)

    found = minimized(objective, torch.zeros_like(target), iterations=300, slope=1e-8, change=0)
    torch.testing.assert_close(found, target, rtol=1e-7, atol=1e-8)


def test_threads_are_as_before() -> None:
    before = torch.get_num_threads()
    train, labels, _, _ = wide(rows=40, dim=60)
    LinearProbe().fit(train, labels)
    with pytest.raises(ValueError, match="at least 2 classes"):
        LinearProbe().fit(train, torch.zeros_like(labels))
    assert torch.get_num_threads() == before
