"""Probes agree with scikit-learn where it has the same classifier, and refuse bad labels."""

from __future__ import annotations

import warnings
from collections.abc import Callable

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import balanced_accuracy_score
from sklearn.neighbors import KNeighborsClassifier
from sklearn.preprocessing import StandardScaler
from torch import Tensor

from nearfar.ops import to_sphere
from nearfar.probes import (
    KNNProbe,
    LinearProbe,
    Majority,
    MeanClassifier,
    Probe,
    balanced_accuracy,
    cross_validated,
    held_out_predictions,
    knn_accuracy,
    linear_accuracy,
    mean_classifier_accuracy,
)
from nearfar.probes._folds import stratified_folds

PROBES = [KNNProbe, LinearProbe, MeanClassifier]
FUNCTIONS = [knn_accuracy, linear_accuracy, mean_classifier_accuracy]
every_probe = pytest.mark.parametrize("kind", PROBES)
every_function = pytest.mark.parametrize("function", FUNCTIONS)

Split = tuple[Tensor, Tensor, Tensor, Tensor]


@pytest.fixture(scope="module")
def digits() -> Split:
    data = load_digits()
    images, labels = torch.tensor(data.data, dtype=torch.float32), torch.tensor(data.target)
    order = torch.randperm(len(labels), generator=torch.Generator().manual_seed(0))
    train, test = order[:1437], order[1437:]
    return images[train], labels[train], images[test], labels[test]


def clusters(classes: int = 3, each: int = 20, dim: int = 8, spread: float = 0.1) -> Split:
    centers = torch.randn(classes, dim)
    labels = torch.arange(classes).repeat_interleave(each)
    train, test = (centers[labels] + spread * torch.randn(len(labels), dim) for _ in range(2))
    return train, labels, test, labels


# --- against scikit-learn and by hand -------------------------------------------------------------


@pytest.mark.parametrize("neighbors", [1, 5, 20])
def test_knn_with_equal_votes_is_that_of_scikit_learn(digits: Split, neighbors: int) -> None:
    train, labels, test, test_labels = digits
    theirs = KNeighborsClassifier(neighbors, metric="cosine").fit(train.numpy(), labels.numpy())
    ours = KNNProbe(neighbors=neighbors, temperature=None).fit(train, labels)
    same = (ours.predict(test).numpy() == theirs.predict(test.numpy())).mean()
    assert same > 0.99  # ties may go either way
    accuracy = knn_accuracy(*digits, neighbors=neighbors, temperature=None)
    assert accuracy == pytest.approx(theirs.score(test.numpy(), test_labels.numpy()), abs=0.006)


def test_knn_weighs_votes_by_similarity(digits: Split) -> None:
    train, labels, test, _ = digits
    similar = (to_sphere(test) @ to_sphere(train).T).double().numpy()
    expected = []
    for row in similar[:60]:
        votes = np.zeros(10)
        for i in np.argsort(-row)[:20]:
            votes[int(labels[i])] += np.exp(row[i] / 0.07)
        expected.append(votes.argmax())
    assert KNNProbe().fit(train, labels).predict(test[:60]).tolist() == expected


def test_linear_accuracy_on_raw_digits_is_that_of_scikit_learn(digits: Split) -> None:
    train, labels, test, test_labels = digits
    scaler = StandardScaler().fit(train.numpy())
    best = max(
        LogisticRegression(C=c, max_iter=2000)
        .fit(scaler.transform(train.numpy()), labels.numpy())
        .score(scaler.transform(test.numpy()), test_labels.numpy())
        for c in (0.1, 1.0)
    )
    assert linear_accuracy(*digits) == pytest.approx(best, abs=0.012)
    assert linear_accuracy(*digits) == pytest.approx(0.97, abs=0.015)


@pytest.mark.parametrize("l2", [1e-1, 1e-3])
def test_linear_probe_reaches_the_minimum(digits: Split, l2: float) -> None:
    train, labels, test, _ = digits
    scaler = StandardScaler().fit(train.numpy())
    theirs = LogisticRegression(C=1 / (l2 * len(train)), max_iter=5000, tol=1e-8)
    theirs.fit(scaler.transform(train.numpy()), labels.numpy())
    ours = LinearProbe(l2=l2).fit(train.double(), labels)
    same = (ours.predict(test).numpy() == theirs.predict(scaler.transform(test.numpy()))).mean()
    assert same > 0.99
    np.testing.assert_allclose(ours._weights, theirs.coef_, atol=2e-2)


def test_mean_classifier_does_not_normalize_its_means() -> None:
    tight = torch.tensor([[1.0, 0.0], [1.0, 0.0]])
    wide = torch.tensor([[0.6, 0.8], [-0.6, 0.8]])
    train, labels = torch.cat([tight, wide]), torch.tensor([0, 0, 1, 1])
    query = torch.tensor([[0.65, 0.76]])  # 0.65 against 0.8 · 0.76 = 0.61: a normalised mean wins
    assert MeanClassifier().fit(train, labels).predict(query).tolist() == [0]


def test_mean_classifier_equals_averages_by_hand(digits: Split) -> None:
    train, labels, test, test_labels = digits
    means = torch.stack([F.normalize(train[labels == c], dim=1).mean(dim=0) for c in range(10)])
    right = (F.normalize(test, dim=1) @ means.T).argmax(dim=1) == test_labels
    expected = float(right.double().mean())
    assert mean_classifier_accuracy(*digits) == pytest.approx(expected)


# --- what every probe promises --------------------------------------------------------------------


@every_function
def test_clusters_are_told_apart_and_random_labels_are_not(
    function: Callable[..., float],
) -> None:
    train, labels, test, test_labels = clusters(each=60)
    assert function(train, labels, test, test_labels) == 1.0
    one_cloud = torch.randn(2, 180, 8)
    assert function(one_cloud[0], labels, one_cloud[1], test_labels) < 0.5


@every_function
def test_documentation_says_range_and_reading(function: Callable[..., float]) -> None:
    assert "Range:" in function.__doc__
    assert "Reading:" in function.__doc__


@every_probe
def test_a_probe_is_deterministic_and_refits_from_scratch(kind: type[Probe]) -> None:
    train, labels, test, _ = clusters(spread=1.5)
    probe = kind().fit(train, labels)
    first = probe.predict(test)
    probe.fit(train.flip(1), (labels + 1) % 3)
    assert torch.equal(probe.fit(train, labels).predict(test), first)
    assert torch.equal(kind().fit(train, labels).predict(test), first)


@every_probe
def test_labels_keep_their_names(kind: type[Probe]) -> None:
    train, labels, test, test_labels = clusters()
    names = torch.tensor([7, 100, 3])
    probe = kind().fit(train, names[labels])
    assert probe.classes.tolist() == [3, 7, 100]
    assert torch.equal(probe.predict(test), names[test_labels])
    assert probe.score(test, torch.full_like(test_labels, 55)) == 0.0


@every_probe
def test_any_floating_type_and_whole_float_labels_are_read(kind: type[Probe]) -> None:
    train, labels, test, test_labels = clusters()
    for dtype in (torch.float16, torch.bfloat16, torch.float64):
        probe = kind().fit(train.to(dtype).requires_grad_(), labels.float())
        assert probe.score(test.to(dtype), test_labels.to(torch.uint8)) == 1.0
    assert kind().fit(train, labels).score(test.double(), test_labels) == 1.0


@every_probe
def test_constant_columns_and_constant_rows_are_no_trouble(kind: type[Probe]) -> None:
    train, labels, test, test_labels = clusters()
    padded = [torch.cat([x, torch.full((len(x), 3), 2.0)], dim=1) for x in (train, test)]
    assert kind().fit(padded[0], labels).score(padded[1], test_labels) > 0.9
    same = torch.ones(60, 4)
    assert kind().fit(same, labels).score(same, labels) == pytest.approx(1 / 3)


@every_probe
def test_more_dimensions_than_samples_are_no_trouble(kind: type[Probe]) -> None:
    train, labels, test, test_labels = clusters(each=5, dim=200)
    assert kind().fit(train, labels).score(test, test_labels) == 1.0


@every_probe
def test_one_sample_a_class_is_enough_to_fit(kind: type[Probe]) -> None:
    train, labels, test, test_labels = clusters()
    assert kind().fit(train[::20], labels[::20]).score(test, test_labels) > 0.6


@every_probe
def test_bad_input_is_refused(kind: type[Probe]) -> None:
    train, labels, test, _ = clusters()
    probe = kind()
    with pytest.raises(ValueError, match=f"`{kind.__name__}` must be fitted first"):
        probe.predict(test)
    with pytest.raises(
        ValueError, match=r"`labels` must have one label .* 59 embeddings, got shape \(60,\)"
    ):
        probe.fit(train[:-1], labels)
    with pytest.raises(ValueError, match="`labels` must contain at least 2 classes, got 1"):
        probe.fit(train, torch.zeros(60, dtype=torch.long))
    with pytest.raises(ValueError, match=r"`labels` must be integers .* got -1 in row 5"):
        probe.fit(train, torch.where(torch.arange(60) == 5, -1, labels))
    for bad in (float("nan"), 0.5):
        with pytest.raises(ValueError, match=r"integers of 0 or more, got .* in row 5"):
            probe.fit(train, torch.where(torch.arange(60) == 5, bad, labels.double()))
    spoilt = train.clone()
    spoilt[9, 1] = float("inf")
    with pytest.raises(ValueError, match=r"`embeddings` must contain only finite numbers.* row 9"):
        probe.fit(spoilt, labels)
    probe.fit(train, labels)
    with pytest.raises(ValueError, match="the 8 columns the probe was fitted on"):
        probe.predict(test[:, :5])
    with pytest.raises(
        ValueError, match=r"`labels` must have one label .* 60 embeddings, got shape \(3,\)"
    ):
        probe.score(test, labels[:3])


def test_bad_arguments_are_refused() -> None:
    with pytest.raises(ValueError, match="`neighbors` must be a whole number of 1 or more, got 0"):
        KNNProbe(neighbors=0)
    with pytest.raises(ValueError, match=r"`temperature` must be a finite number above 0, got 0.0"):
        KNNProbe(temperature=0.0)
    with pytest.raises(ValueError, match=r"`l2` must be a finite number above 0, got -1.0"):
        LinearProbe(l2=-1.0)


def test_a_low_temperature_does_not_overflow() -> None:
    train, labels, test, test_labels = clusters()
    assert knn_accuracy(train, labels, test, test_labels, temperature=1e-4) == 1.0


# --- folds ----------------------------------------------------------------------------------------


def test_folds_are_even_stratified_and_deterministic() -> None:
    labels = torch.randint(0, 4, (203,))
    fold = stratified_folds(labels, folds=5, seed=0)
    sizes = fold.bincount(minlength=5)
    assert sizes.max() - sizes.min() <= 1
    for c in range(4):
        inside = fold[labels == c].bincount(minlength=5)
        assert inside.max() - inside.min() <= 1
    assert torch.equal(fold, stratified_folds(labels, folds=5, seed=0))
    assert not torch.equal(fold, stratified_folds(labels, folds=5, seed=1))


@every_probe
def test_cross_validation_tests_every_sample_once(kind: type[Probe], digits: Split) -> None:
    images, labels = digits[0][:400], digits[1][:400]
    accuracy = cross_validated(kind(), images, labels, folds=4)
    fold, right = stratified_folds(labels, folds=4, seed=0), 0
    for index in range(4):
        probe = kind().fit(images[fold != index], labels[fold != index])
        right += int((probe.predict(images[fold == index]) == labels[fold == index]).sum())
    assert accuracy == pytest.approx(right / 400)
    assert accuracy == cross_validated(kind(), images, labels, folds=4)


def test_cross_validation_refuses_labels_that_are_names_of_rows() -> None:
    with pytest.raises(
        ValueError,
        match=r"two rows per class .* got 12 classes in 20 rows",
    ):
        cross_validated(MeanClassifier(), torch.randn(20, 3), torch.arange(20) % 12)
    with pytest.raises(ValueError, match="`folds` must be at most the number of samples, 4"):
        cross_validated(MeanClassifier(), torch.randn(4, 3), torch.tensor([0, 0, 1, 1]))
    with pytest.raises(ValueError, match="`labels` must contain at least 2 classes, got 1"):
        cross_validated(MeanClassifier(), torch.randn(9, 3), torch.zeros(9, dtype=torch.long))


# --- uneven classes and ties ----------------------------------------------------------------------


def test_balanced_accuracy_is_that_of_scikit_learn() -> None:
    generator = torch.Generator().manual_seed(0)
    labels = torch.randint(0, 3, (200,), generator=generator).clamp(max=1) * 2
    predicted = torch.randint(0, 4, (200,), generator=generator)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about predicted classes that no sample has
        expected = balanced_accuracy_score(labels.numpy(), predicted.numpy())
    assert balanced_accuracy(predicted, labels) == pytest.approx(expected)


def test_the_majority_is_that_of_the_training_samples() -> None:
    train, test = torch.tensor([0, 0, 0, 1]), torch.tensor([1, 1, 1, 0])
    found = Majority.of(train, test)
    assert (found.answer, found.accuracy, found.balanced) == (0, 0.25, 0.5)
    assert found.uneven
    assert not Majority.of(train, torch.tensor([0, 0, 0, 1, 1])).uneven


@pytest.mark.parametrize("kind", PROBES)
def test_the_only_sample_of_a_class_is_never_predicted_correctly(kind: type[Probe]) -> None:
    x = torch.randn(40, 5, generator=torch.Generator().manual_seed(0))
    labels = torch.zeros(40, dtype=torch.long)
    labels[3] = 1
    assert held_out_predictions(kind(), x, labels)[3] == 0
    assert cross_validated(kind(), x, labels) <= 39 / 40


@pytest.mark.parametrize("neighbors", [1, 2, 3, 5])
def test_of_equally_near_rows_the_earlier_ones_vote(neighbors: int) -> None:
    rows = torch.eye(3).repeat_interleave(4, 0)  # four equal rows each
    near = [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9, 10, 11]]
    if neighbors < 5:
        probe = KNNProbe(neighbors=neighbors, temperature=None).fit(rows, torch.arange(12))
        assert probe.predict(torch.eye(3)).tolist() == [some[0] for some in near]
    labels = torch.tensor([2, 1, 1, 0, 2, 2, 1, 1, 0, 1, 0, 1])
    voted = KNNProbe(neighbors=neighbors, temperature=None).fit(rows, labels)
    for some, found in zip(near, voted.predict(torch.eye(3)).tolist(), strict=True):
        others = [row for row in range(12) if row not in some]
        counts = labels[(some + others)[:neighbors]].bincount(minlength=3)
        assert found == int(counts.argmax())
