"""What is peculiar to MoCo."""

from __future__ import annotations

import math

import pytest
import torch
from torch.nn import functional as F

from nearfar.methods import moco_v1, moco_v2
from tests.cases.method_cases import BATCH, WIDTH, encoder, two_views
from tests.every import every


def test_negatives_are_the_queue_before_the_batch_and_keys_enter_it_afterwards():
    method = moco_v2(encoder(), WIDTH, dim=8, queue_size=2 * BATCH, temperature=0.3)
    for _ in range(3):  # around the queue and on
        queued = method.queue.keys.clone()
        step = method(tuple(torch.rand(2, BATCH, 1, 16, 16)))
        queries, keys = (F.normalize(z, dim=1) for z in step.projections)
        own = (queries * keys).sum(dim=1, keepdim=True)
        others = torch.stack([torch.stack([query @ key for key in queued]) for query in queries])
        shares = (torch.cat([own, others], dim=1) / 0.3).softmax(dim=1)
        assert step.loss.item() == pytest.approx(-shares[:, 0].log().mean().item(), rel=1e-5)
        method.after_batch(step)
        place = int(method.queue.position) - BATCH
        torch.testing.assert_close(method.queue.keys[place:][:BATCH], keys)


def test_a_perfect_match_costs_almost_nothing_however_full_the_queue():
    method = moco_v1(encoder(), WIDTH, dim=8, queue_size=16, temperature=0.07).eval()
    view, _ = two_views()
    step = method((view, view))
    queries, keys = step.projections
    assert torch.allclose(queries, keys)
    with torch.no_grad():
        method.queue.keys.copy_(-torch.nn.functional.normalize(keys, dim=1).repeat(2, 1))
    # were the keys queued before scoring, the loss could not fall below ln 2
    assert method((view, view)).loss < 0.5 * math.log(2)


def test_the_queue_holds_the_latest_keys_oldest_overwritten_first():
    method = moco_v2(encoder(), WIDTH, dim=8, queue_size=2 * BATCH)
    views = two_views()
    pushed = []
    for _ in range(3):
        step = method(views)
        pushed.append(torch.nn.functional.normalize(step.carry, dim=1))
        method.after_batch(step)
    assert torch.allclose(method.queue.keys[:BATCH], pushed[2])
    assert torch.allclose(method.queue.keys[BATCH:], pushed[1])


def test_a_queue_that_the_batch_does_not_divide_is_refused():
    method = moco_v2(encoder(), WIDTH, dim=8, queue_size=12)
    step = method(two_views())
    with pytest.raises(ValueError, match="divides the queue's 12 places"):
        method.after_batch(step)


def test_the_key_network_follows_with_the_decay():
    method = moco_v2(encoder(), WIDTH, dim=8, queue_size=16, decay=0.75)
    name = "layers.0.0.weight"
    start = method.target.module[0].get_parameter(name).clone()
    with torch.no_grad():
        method.encoder.get_parameter(name).add_(1.0)
    method.after_update(0.0)
    assert torch.allclose(method.target.module[0].get_parameter(name), start + 0.25, atol=1e-6)


def test_decay_zero_makes_the_key_network_the_query_network():
    method = moco_v2(encoder(), WIDTH, dim=8, queue_size=16, decay=0.0)
    with torch.no_grad():
        for parameter in method.encoder.parameters():
            parameter.add_(0.5)
    method.after_update(0.0)
    pairs = zip(method.encoder.parameters(), method.target.module[0].parameters(), strict=True)
    assert every(torch.equal(a, b) for a, b in pairs)


def test_split_keys_use_other_batch_statistics_and_keep_their_order():
    torch.manual_seed(0)
    method = moco_v2(encoder(), WIDTH, dim=8, queue_size=16, key_splits=2)
    _, view = two_views()
    split = method._keys(view)
    by_hand = torch.empty_like(split)
    by_hand[0::2], by_hand[1::2] = method.target(view[0::2]), method.target(view[1::2])
    assert torch.allclose(split, by_hand, atol=1e-6)
    assert not torch.allclose(split, method.target(view), atol=1e-3)
