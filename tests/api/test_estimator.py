"""Pretraining in scikit-learn's shape."""

from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np
import pytest
import torch
from sklearn.base import clone
from sklearn.datasets import load_digits, load_iris
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, KFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks
from torch import nn

import nearfar
from nearfar import SelfSupervisedEncoder
from nearfar.api import label_free_score
from nearfar.data import open_source

X = load_digits().data[:200]
IMAGES = load_digits().images[:120]


def quick(**parameters: object) -> SelfSupervisedEncoder:
    return SelfSupervisedEncoder(
        **{"epochs": 1, "batch_size": 32, "random_state": 0} | parameters  # type: ignore[arg-type]
    )


@pytest.mark.slow
@parametrize_with_checks([SelfSupervisedEncoder(epochs=1)])
def test_the_checks_of_scikit_learn_pass(estimator, check, as_users_run_it) -> None:
    check(estimator)


def test_representations_come_in_the_order_and_precision_of_the_samples() -> None:
    model = quick().fit(X)
    h = model.transform(X)
    assert h.shape == (200, 256)
    assert h.dtype == np.float64
    assert model.transform(X.astype(np.float32)).dtype == np.float32
    np.testing.assert_allclose(model.transform(X[7:8]), h[7:8], rtol=1e-12)
    np.testing.assert_array_equal(model.transform(X[::-1]), h[::-1])


@pytest.mark.slow
def test_the_same_random_state_gives_the_same_encoder_and_another_another() -> None:
    first, again = quick().fit_transform(X), quick().fit_transform(X)
    np.testing.assert_array_equal(first, again)
    assert not np.allclose(first, quick(random_state=1).fit_transform(X))
    drawn = quick(random_state=np.random.RandomState(5)).fit_transform(X)
    np.testing.assert_array_equal(
        drawn, quick(random_state=np.random.RandomState(5)).fit_transform(X)
    )


def test_labels_are_never_looked_at() -> None:
    labels = np.arange(200) % 10
    np.testing.assert_array_equal(quick().fit(X, labels).transform(X), quick().fit(X).transform(X))


def test_fitting_leaves_the_random_numbers_of_others_alone() -> None:
    torch.manual_seed(3)
    np.random.seed(3)
    expected = torch.rand(3), np.random.rand(3)
    torch.manual_seed(3)
    np.random.seed(3)
    quick().fit(X)
    assert torch.equal(torch.rand(3), expected[0])
    np.testing.assert_array_equal(np.random.rand(3), expected[1])


def test_no_file_is_left_unless_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    quick().fit(X)
    assert not list(tmp_path.iterdir())
    model = quick(out=tmp_path / "kept").fit(X)
    run = nearfar.load(tmp_path / "kept")
    np.testing.assert_allclose(run.embed(X), model.transform(X), atol=1e-5)
    with pytest.raises(FileExistsError, match="`out` must be a new directory"):
        model.fit(X)


def test_what_is_known_after_fitting() -> None:
    model = quick().fit(X)
    assert model.n_features_in_ == 64
    assert isinstance(model.encoder_, nn.Module)
    assert not model.encoder_.training
    assert model.health_.samples == 20
    assert model.record_.samples == 180
    assert model.description_.name == "perceptron"
    assert model.get_feature_names_out()[:2].tolist() == [
        "selfsupervisedencoder0",
        "selfsupervisedencoder1",
    ]


def test_a_fitted_estimator_survives_pickling_and_cloning_forgets_what_was_fitted() -> None:
    model = quick().fit(X)
    again = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(again.transform(X), model.transform(X))
    assert again.score(X) == model.score(X)
    with pytest.raises(NotFittedError, match="SelfSupervisedEncoder instance is not fitted"):
        clone(model).transform(X)


def test_images_are_transformed_as_a_run_embeds_them(tmp_path: Path) -> None:
    model = quick(out=tmp_path / "run").fit(IMAGES)
    h = model.transform(IMAGES)
    assert h.shape == (120, 256)
    assert h.dtype == np.float64
    np.testing.assert_allclose(h, nearfar.load(tmp_path / "run").embed(IMAGES), atol=1e-5)
    # half of the set is mapped to [0, 1] as the whole set was
    np.testing.assert_allclose(model.transform(IMAGES[:10] / 1.0), h[:10], atol=1e-5)
    np.testing.assert_allclose(model.transform(IMAGES[4:5]), h[4:5], atol=1e-5)
    assert not hasattr(model, "n_features_in_")
    bytes_ = (IMAGES * 15).astype(np.uint8)[:, :, :, None].repeat(3, axis=3)
    assert quick().fit_transform(bytes_).dtype == np.float32


def test_a_source_can_be_fitted() -> None:
    source = open_source(X)
    np.testing.assert_allclose(
        quick().fit(source).transform(source), quick().fit(X).transform(X), atol=1e-6
    )


def test_the_encoder_can_be_a_module_of_the_users_own() -> None:
    module = nn.Sequential(nn.Linear(64, 16), nn.BatchNorm1d(16), nn.ReLU())
    before = module[0].weight.detach().clone()
    model = quick(encoder=module, width=16).fit(X)
    assert model.transform(X).shape == (200, 16)
    assert torch.equal(module[0].weight, before)
    assert not torch.equal(model.encoder_[0].weight, before)
    assert quick(options={"units": 24}).fit(X).transform(X).shape == (200, 24)


def test_it_works_in_a_pipeline_before_a_classifier() -> None:
    flowers, kinds = load_iris(return_X_y=True)
    pipeline = make_pipeline(
        StandardScaler(), quick(epochs=10), StandardScaler(), LogisticRegression()
    )
    assert pipeline.fit(flowers, kinds).score(flowers, kinds) > 0.8


@pytest.mark.slow  # the next tests of scikit-learn fit and score in a pipeline
def test_a_grid_search_needs_no_labels() -> None:
    search = GridSearchCV(
        make_pipeline(StandardScaler(), quick()),
        {"selfsupervisedencoder__epochs": [1, 4]},
        cv=KFold(2),
    )
    search.fit(X)
    assert search.best_params_ in ({"selfsupervisedencoder__epochs": e} for e in (1, 4))
    scores = search.cv_results_["mean_test_score"]
    assert np.isfinite(scores).all()
    assert search.transform(X).shape == (200, 256)


def test_a_score_is_the_same_each_time_and_for_any_views_of_training() -> None:
    model = quick().fit(X)
    assert model.score(X) == model.score(X, np.zeros(200))
    other = pickle.loads(pickle.dumps(model)).set_params(view_options={"mask": 0.9})
    assert other.score(X) == model.score(X)
    own = pickle.loads(pickle.dumps(model)).set_params(score_by=lambda h1, h2: h1.shape[1])
    assert own.score(X) == 256.0
    with pytest.raises(ValueError, match=r"`score_by` must be one of .* got 'accuracy'"):
        model.set_params(score_by="accuracy").score(X)


def test_training_is_told_of_where_asked(capsys: pytest.CaptureFixture[str]) -> None:
    quick(epochs=2, verbose=True).fit(X)
    said = capsys.readouterr()
    assert "200 vectors of 64 features" in said.err
    assert "2/2" in said.err
    assert "verdict" in said.err
    assert not said.out
    quick().fit(X)
    silent = capsys.readouterr()
    assert not silent.out + silent.err


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"method": "simclear"}, "`method` must be one of .*did you mean 'simclr'"),
        ({"modality": "vector"}, "`modality` must be one of .*did you mean 'vectors'"),
        ({"encoder": "resnet18"}, "`encoder` must be one of perceptron, got 'resnet18'"),
        ({"epochs": 0}, "`epochs` must be a whole number of 1 or more, got 0"),
        ({"view_options": {"masks": 0.1}}, "'masks' is not an option of views.*'mask'"),
        ({"view_options": {"mean": (0.0,) * 64}}, "`mean` of vectors is determined from the data"),
        ({"options": {"unit": 3}}, "'unit' is not an option of a run.*'units'"),
    ],
)
def test_parameters_that_make_no_sense_are_refused_when_fitted(
    parameters: dict[str, object], message: str
) -> None:
    model = quick(**parameters)
    with pytest.raises(ValueError, match=message):
        model.fit(X)


def test_data_of_another_shape_are_refused() -> None:
    with pytest.raises(ValueError, match="minimum of 6 is required"):
        quick().fit(X[:5])
    with pytest.raises(ValueError, match="X has 63 features, but SelfSupervisedEncoder is expect"):
        quick().fit(X).transform(X[:, :63])
    with pytest.raises(ValueError, match="no channel axis of length `channels`=1"):
        quick().fit(IMAGES).transform(np.zeros((5, 8, 8, 3)))


@pytest.mark.slow
def test_hard_data_are_fitted_all_the_same() -> None:
    rng = np.random.default_rng(0)
    for hard in (
        np.zeros((12, 3)),
        np.repeat(rng.normal(size=(1, 4)), 30, axis=0),
        rng.normal(size=(6, 1)),
        1e12 + rng.normal(size=(20, 2)),
        rng.normal(size=(30, 2)) * [1e-200, 1e150],
        rng.integers(0, 2, (40, 300)),
    ):
        h = quick(batch_size=None, epochs=3).fit_transform(hard)
        assert np.isfinite(h).all()


def test_retrieval_counts_views_whose_nearest_is_their_own() -> None:
    h1 = torch.tensor([[1.0, 0.0], [0.0, 1.0], [-1.0, 0.0], [0.0, -1.0]])
    assert label_free_score(h1, h1 * 3, by="retrieval") == 1.0
    assert label_free_score(h1, h1[[1, 0, 2, 3]], by="retrieval") == 0.5
    assert label_free_score(h1, h1.flip(0), by="retrieval") == 0.0


def test_scores_prefer_what_agrees_and_is_spread() -> None:
    cloud = torch.randn(300, 16)
    good = (cloud, cloud + 0.1 * torch.randn(300, 16))
    crowded = tuple(view * 0.01 + 5 for view in good)
    unrelated = (cloud, torch.randn(300, 16))
    for by in ("retrieval", "alignment_uniformity", "relative_alignment"):
        assert label_free_score(*good, by=by) > label_free_score(*unrelated, by=by)
    for by in ("effective_rank", "alignment_uniformity"):
        assert label_free_score(*good, by=by) > label_free_score(*crowded, by=by)


def test_sequences_are_fitted_where_they_are_asked_for() -> None:
    rng = np.random.default_rng(0)
    waves = np.cumsum(rng.normal(size=(40, 64)), axis=1)
    model = quick(modality="sequences", batch_size=8)
    h = model.fit_transform(waves)
    assert h.shape[0] == 40
    assert np.isfinite(h).all()
    assert np.isfinite(model.score(waves))
    shorter = waves.copy()
    shorter[3, 40:] = np.nan  # archives of series pad so
    assert np.isfinite(model.transform(shorter)).all()
    broken = waves.copy()
    broken[3, 10] = np.nan
    with pytest.raises(ValueError, match=r"`X` must give one row per sample: .* 40"):
        model.transform(broken)
