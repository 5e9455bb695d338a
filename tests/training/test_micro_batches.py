"""Training in micro-batches is training, whatever the method."""

from __future__ import annotations

import functools
import math
import signal

import pytest
import torch
from lightning_fabric import Fabric
from lightning_fabric.plugins import MixedPrecision

from nearfar.data import Batch, Source, Subset, open_source
from nearfar.inputs import Images
from nearfar.records import RunDirectory
from nearfar.training import Engine, Interrupted, NonFiniteLossError
from tests.every import every
from tests.slow import mostly_slow
from tests.training.test_loop import Counting, Poisoned, StopAt
from tests.training.worlds import (
    PRESETS,
    build,
    fit,
    normalized_in_parts,
    options,
    weights,
    without_norms,
)

approx = functools.partial(pytest.approx, rel=1e-6)


def assert_moved_alike(start, trained, other, *, tolerance):
    assert trained
    for key, value in trained.items():
        moved = (value - start[key]).abs().max().item()
        difference = (other[key] - value).abs().max().item()
        assert difference <= tolerance * moved + 1e-9, (key, difference, moved)


@pytest.mark.parametrize("name", mostly_slow(PRESETS, quick=["moco_v2"]))
def test_micro_batches_train_the_network_that_whole_batches_train(tmp_path, name):
    # 16 samples by 6 are 6, 5 and 5; without batch-norm, which would see other batches
    chosen = {"precision": "64", "accumulate": 2, "optimizer": "sgd"}
    whole = weights(fit(tmp_path / "a", without_norms(build(name)), options(**chosen)))
    chosen["micro_batch"] = 6
    parts = weights(fit(tmp_path / "b", without_norms(build(name)), options(**chosen)))
    start = weights(without_norms(build(name)))
    assert_moved_alike(start, whole, parts, tolerance=1e-6)  # views and the queue are float32
    one, other = (RunDirectory(tmp_path / run).read_metrics() for run in "ab")
    assert [line.loss for line in other.train] == approx([line.loss for line in one.train])
    assert [line.loss for line in other.watch] == approx([line.loss for line in one.watch])
    assert one.terms == other.terms
    for line, same in zip(one.train, other.train, strict=True):
        assert same.terms == approx(line.terms)


@pytest.mark.slow
@pytest.mark.parametrize("name", mostly_slow(PRESETS, quick=["byol"]))
def test_with_batch_norm_the_loss_is_that_of_statistics_of_each_micro_batch(tmp_path, name):
    """Loss and gradient couple all 16 samples; mean and variance are those of 6, 5 and 5."""
    chosen = {"precision": "64", "accumulate": 2, "optimizer": "sgd"}
    by_hand = normalized_in_parts(build(name), batch=16, parts=3)
    expected = parameters(fit(tmp_path / "a", by_hand, options(**chosen)))
    found = parameters(fit(tmp_path / "b", build(name), options(micro_batch=6, **chosen)))
    assert_moved_alike(parameters(build(name)), expected, found, tolerance=1e-6)
    assert losses(tmp_path / "a") == pytest.approx(losses(tmp_path / "b"), rel=1e-6)


@pytest.mark.slow
@pytest.mark.parametrize("name", mostly_slow(PRESETS, quick=["byol"]))
def test_with_batch_norm_micro_batches_are_another_network(tmp_path, name):
    """The comparison above can fail: statistics of the whole batch give other weights."""
    chosen = {"precision": "64", "accumulate": 2, "optimizer": "sgd", "epochs": 1}
    whole = parameters(fit(tmp_path / "a", build(name), options(**chosen)))
    parts = parameters(fit(tmp_path / "b", build(name), options(micro_batch=6, **chosen)))
    with pytest.raises(AssertionError, match="encoder"):
        assert_moved_alike(parameters(build(name)), whole, parts, tolerance=1e-3)
    assert losses(tmp_path / "a")[0] != pytest.approx(losses(tmp_path / "b")[0], rel=1e-3)


def losses(folder):
    return [line.loss for line in RunDirectory(folder).read_metrics().train]


def parameters(method):
    return {name: value.detach().clone() for name, value in method.named_parameters()}


@pytest.mark.slow  # test_loop.py resumes whole batches, the tests above compare micro-batches
@pytest.mark.parametrize("name", ["byol", "moco_v2"])
def test_a_resumed_run_in_micro_batches_is_the_run(tmp_path, name):
    chosen = options(micro_batch=6)
    whole = weights(fit(tmp_path / "whole", build(name), chosen))
    with pytest.raises(Interrupted, match=r"update 5 of 12; .*nearfar\.resume"):
        fit(tmp_path / "parts", build(name), chosen, progress=StopAt(5, signal.SIGINT))
    resumed = weights(fit(tmp_path / "parts", build(name), chosen))
    assert every(torch.equal(whole[key], resumed[key]) for key in whole)


def test_a_micro_batch_of_the_whole_batch_changes_no_bit(tmp_path):
    whole = weights(fit(tmp_path / "a", build("byol"), options()))
    same = weights(fit(tmp_path / "b", build("byol"), options(micro_batch=16)))
    assert every(torch.equal(whole[key], same[key]) for key in whole)


@pytest.mark.slow
def test_hooks_are_called_once_per_batch_however_many_micro_batches(tmp_path):
    method = fit(tmp_path, Counting(), options(micro_batch=3, accumulate=2))
    assert method.batches == 12
    assert len(method.progress) == 6


def test_a_loss_that_is_not_finite_names_samples_of_the_whole_batch(tmp_path):
    method = build("simclr")
    with pytest.raises(NonFiniteLossError) as raised:
        fit(tmp_path, method, options(micro_batch=6), views=Poisoned(40))
    assert "the loss became nan at update" in str(raised.value)
    assert "and 8 more" in str(raised.value)
    assert every(parameter.isfinite().all() for parameter in method.parameters())


class Padded(Subset):
    """Images of different sizes, as in a folder."""

    def read(self, positions):
        batch = super().read(positions)
        images = [
            image[:, : 8 - int(sample) % 2]
            for image, sample in zip(batch.inputs.pixels, batch.samples, strict=True)
        ]
        return Batch(Images.of(images), batch.samples)


@pytest.mark.slow
def test_images_of_different_sizes_stay_with_their_sizes(tmp_path):
    source: Source = Padded(open_source("digits"), range(96))
    assert source.read(range(4)).inputs.sizes is not None
    chosen = {"precision": "64", "optimizer": "sgd"}
    runs = [
        weights(
            fit(
                tmp_path / str(micro),
                without_norms(build("simclr")),
                options(micro_batch=micro, **chosen),
                source=source,
            )
        )
        for micro in (None, 6)
    ]
    assert_moved_alike(weights(without_norms(build("simclr"))), *runs, tolerance=1e-6)


@pytest.mark.slow
def test_bfloat16_trains_in_micro_batches(tmp_path):
    method = fit(tmp_path, build("vicreg"), options(precision="bf16", micro_batch=6))
    assert every(parameter.dtype == torch.float32 for parameter in method.parameters())
    metrics = RunDirectory(tmp_path).read_metrics()
    assert len(metrics.train) == 6
    for line in metrics.train:
        assert math.isfinite(line.loss)
        assert sum(line.terms.values()) == pytest.approx(line.loss, rel=1e-5)


def half_precision() -> Engine:
    """An engine in float16 with a loss scaler, which Fabric sets up by itself on a GPU only."""
    engine = Engine(devices=1, precision="32")
    scaler = torch.amp.GradScaler("cpu", init_scale=2.0**10)
    plugin = MixedPrecision("16-mixed", "cpu", scaler)
    engine._fabric = Fabric(accelerator="cpu", devices=1, plugins=[plugin])
    return engine


@pytest.mark.slow
def test_a_loss_scaler_leaves_the_size_of_an_update_alone(tmp_path):
    chosen = options(optimizer="sgd", epochs=1, micro_batch=6)
    start = weights(build("simclr"))
    single = weights(fit(tmp_path / "a", build("simclr"), chosen))
    half = weights(fit(tmp_path / "b", build("simclr"), chosen, engine=half_precision()))
    # float16 is coarse on batches this small; scaled twice an update would be 1,024 times as large
    for key in ("encoder.layers.0.0.weight", "projector.layers.0.weight"):
        moved, expected = (half[key] - start[key]).norm(), (single[key] - start[key]).norm()
        assert 0.5 < moved / expected < 2, key
