"""The state with the best retrieval of the other view is kept, and found again."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from nearfar.records import WatchMetrics
from nearfar.training import find_checkpoint, save_checkpoint
from nearfar.training._best_state import BestState
from nearfar.training._checkpoint import best_step


def _set(module, value):
    with torch.no_grad():
        module.weight.fill_(value)


def _train(folder, module, orders, *, end, start=0, lines=()):
    """A measurement after each update, a checkpoint after every second one."""
    optimizer = torch.optim.SGD(module.parameters())
    best = BestState(folder, method=module, done=start, lines=lines)
    for step, order in enumerate(orders[start:], start=start + 1):
        _set(module, float(step))
        best.see(order, step=step, method=module)
        if step % 2 == 0:
            save_checkpoint(folder, step=step, seconds=1.0, method=module, optimizer=optimizer)
            best.save(done=step, seconds=1.0, last=step == end)


def _weight(folder, wanted):
    return float(find_checkpoint(folder, wanted).tensors["method.weight"][0, 0])


@pytest.mark.parametrize("stop", [0, 2, 4, 6])
def test_the_best_state_is_kept_also_over_an_interruption(tmp_path, stop):
    orders = [0.5, 0.6, None, 0.9, 0.7, 0.8, 0.6, 0.6]
    module = nn.Linear(1, 1)
    _train(tmp_path, module, orders[:stop], end=8)
    lines = [WatchMetrics(step=n, representation_order=o) for n, o in enumerate(orders, start=1)]
    _train(tmp_path, module, orders, end=8, start=stop, lines=lines)
    assert best_step(tmp_path) == 4
    assert (_weight(tmp_path, "best"), _weight(tmp_path, 4), _weight(tmp_path, "last")) == (4, 4, 8)
    with pytest.raises(ValueError, match=r"`checkpoint` must be .* kept \(4, 6, 8\), got 5"):
        find_checkpoint(tmp_path, 5)


def test_a_run_that_is_about_best_at_its_end_keeps_nothing_more(tmp_path):
    _train(tmp_path, nn.Linear(1, 1), [0.5, 0.805, 0.7, 0.8], end=4)
    assert best_step(tmp_path) is None
    assert _weight(tmp_path, "best") == 4
