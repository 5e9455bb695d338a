"""Training by class, behind the protocol of the methods."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
import torch
from torch.nn import functional as F

import nearfar
from nearfar.data import open_labeled
from nearfar.studies import StudyData
from nearfar.studies._cell_samples import Samples
from nearfar.studies._supervised import supervised
from nearfar.training import cached_backward
from tests.cases.method_cases import BATCH, WIDTH, encoder, two_views
from tests.every import every

LABELS = torch.arange(BATCH) % 3


def views() -> tuple[torch.Tensor, torch.Tensor]:
    return two_views()[0], LABELS


def test_the_loss_is_the_cross_entropy_of_the_classes() -> None:
    method = supervised(encoder(), WIDTH, classes=3).double().eval()
    images = views()[0].double()
    scores = method.head(method.encoder(images)).log_softmax(dim=1)
    by_hand = -sum(scores[i, LABELS[i]] for i in range(BATCH)) / BATCH
    assert method((images, LABELS)).loss.item() == pytest.approx(by_hand.item(), rel=1e-9)


def test_chance_is_what_equal_scores_give() -> None:
    method = supervised(encoder(), WIDTH, classes=3)
    assert method.chance(BATCH) == pytest.approx(math.log(3))
    torch.nn.init.zeros_(method.head.weight)
    torch.nn.init.zeros_(method.head.bias)
    assert method(views()).loss.item() == pytest.approx(math.log(3), rel=1e-6)


def test_a_cached_step_is_the_whole_step() -> None:
    torch.manual_seed(0)
    one = supervised(encoder(), WIDTH, classes=3).double().eval()
    torch.manual_seed(0)
    other = supervised(encoder(), WIDTH, classes=3).double().eval()
    shown = views()[0].double(), LABELS
    cached_backward(one, shown, micro_batch=3)
    other(shown).loss.backward()
    for a, b in zip(one.parameters(), other.parameters(), strict=True):
        torch.testing.assert_close(a.grad, b.grad, rtol=1e-9, atol=1e-9)


def test_half_precision_stays_finite() -> None:
    method = supervised(encoder(), WIDTH, classes=3)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        step = method(views())
    step.loss.backward()
    assert step.loss.dtype == torch.float32
    assert every(p.grad is not None and p.grad.isfinite().all() for p in method.parameters())


def test_the_labels_decide_the_gradient() -> None:
    method = supervised(encoder(), WIDTH, classes=3).eval()
    images = views()[0]
    losses = [method((images, labels)).loss.item() for labels in (LABELS, LABELS.flip(0))]
    assert losses[0] != losses[1]
    assert losses[1] == pytest.approx(
        F.cross_entropy(method.head(method.encoder(images)), LABELS.flip(0)).item(), rel=1e-6
    )


def test_the_gallery_shows_images_and_no_classes(tmp_path: Path) -> None:
    samples = Samples.open(StudyData(source="digits", samples=64))
    run = nearfar.pretrain(
        supervised,
        samples.train,
        views=samples.labeled_views(),
        method_options={"classes": samples.classes},
        epochs=1,
        batch_size=32,
        devices=1,
        out=tmp_path / "run",
    )
    gallery = run.directory.read_gallery()
    assert gallery is not None
    assert every(len(row.others) == 1 for row in gallery.views)


def test_labels_go_with_their_samples() -> None:
    samples, whole = Samples.open(StudyData(source="digits", samples=50)), open_labeled("digits")
    batch = samples.train.read(range(50))
    shown = samples.labeled_views()(batch.inputs, batch.samples, seed=0, epoch=0)
    assert len(shown) == 2
    assert shown[1].tolist() == whole.train_labels[batch.samples].tolist()
    assert samples.labels.tolist() == whole.train_labels[samples.train.samples].tolist()
