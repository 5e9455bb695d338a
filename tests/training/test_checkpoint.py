"""Checkpoints are whole or not there, and hold nothing that can execute."""

from __future__ import annotations

import math
import pickle
import resource

import pytest
import torch
from safetensors.torch import save_file

from nearfar.training import latest_checkpoint, save_checkpoint
from nearfar.training._metrics_writer import Pending
from nearfar.training._optimizers import build_optimizer
from tests.training.worlds import build, options


def one_update(method, optimizer):
    method.train()
    method((torch.rand(8, 1, 16, 16), torch.rand(8, 1, 16, 16))).loss.backward()
    optimizer.step()
    optimizer.zero_grad()


@pytest.mark.parametrize("name", ["adamw", "sgd", "lars"])
def test_a_checkpoint_brings_back_every_bit(tmp_path, name):
    chosen = options(optimizer=name)
    method = build("moco_v2")
    optimizer = build_optimizer(method, chosen)
    one_update(method, optimizer)
    save_checkpoint(tmp_path, step=7, seconds=1.25, method=method, optimizer=optimizer)

    other = build("moco_v2")
    other_optimizer = build_optimizer(other, chosen)
    checkpoint = latest_checkpoint(tmp_path)
    assert (checkpoint.step, checkpoint.seconds) == (7, 1.25)
    checkpoint.restore(other, other_optimizer)
    for m, o in ((method, optimizer), (other, other_optimizer)):
        torch.manual_seed(5)
        one_update(m, o)
    for key, value in method.state_dict().items():
        assert torch.equal(value, other.state_dict()[key]), key


def test_the_two_latest_are_kept(tmp_path):
    method = build("simclr")
    optimizer = build_optimizer(method, options())
    for step in (1, 2, 10):
        save_checkpoint(tmp_path, step=step, seconds=0.0, method=method, optimizer=optimizer)
    assert sorted(p.name for p in tmp_path.iterdir()) == [
        "step-00000002.safetensors",
        "step-00000010.safetensors",
    ]


def test_what_a_killed_process_left_half_written_is_removed(tmp_path):
    method = build("simclr")
    left, other = tmp_path / ".step-00000001.safetensors.x.part", tmp_path / ".another.part"
    for file in (left, other):
        file.write_bytes(b"half")
    optimizer = build_optimizer(method, options())
    path = save_checkpoint(tmp_path, step=1, seconds=0.0, method=method, optimizer=optimizer)
    assert set(tmp_path.iterdir()) == {path, other}


def test_a_damaged_checkpoint_is_passed_over_for_the_one_before(tmp_path):
    method = build("simclr")
    optimizer = build_optimizer(method, options())
    for step in (1, 2):
        path = save_checkpoint(tmp_path, step=step, seconds=0.0, method=method, optimizer=optimizer)
    path.write_bytes(path.read_bytes()[:-100])
    assert latest_checkpoint(tmp_path).step == 1
    for each in tmp_path.iterdir():
        each.write_bytes(b"")
    with pytest.raises(ValueError, match=r"no checkpoint in .* can be read: step-00000002"):
        latest_checkpoint(tmp_path)


def test_a_checkpoint_of_a_newer_version_is_refused(tmp_path):
    path = tmp_path / "step-00000001.safetensors"
    save_file({"method.x": torch.zeros(1)}, path, metadata={"format": "4", "step": "1"})
    with pytest.raises(ValueError, match="written by a newer nearfar"):
        latest_checkpoint(tmp_path)


class Bomb:
    def __reduce__(self):
        return (open, ("exploded", "w"))


@pytest.mark.parametrize("name", ["last.ckpt", "step-00000001.safetensors"])
def test_a_pickle_is_never_opened(tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "checkpoints"
    folder.mkdir()
    (folder / name).write_bytes(pickle.dumps(Bomb()))
    with pytest.raises(ValueError, match=r"never unpickles|can be read"):
        latest_checkpoint(folder)
    assert not (tmp_path / "exploded").exists()


def test_a_full_disk_leaves_the_earlier_checkpoint_whole(tmp_path):
    method = build("simclr")
    optimizer = build_optimizer(method, options())
    save_checkpoint(tmp_path, step=1, seconds=0.0, method=method, optimizer=optimizer)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, hard))
    try:
        with pytest.raises(OSError, match=r"cannot write .*step-00000002"):
            save_checkpoint(tmp_path, step=2, seconds=0.0, method=method, optimizer=optimizer)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert [p.name for p in tmp_path.iterdir()] == ["step-00000001.safetensors"]
    assert latest_checkpoint(tmp_path).step == 1


def test_no_checkpoint_is_none(tmp_path):
    assert latest_checkpoint(tmp_path / "nowhere") is None


def test_what_was_counted_since_the_last_line_comes_back_whatever_terms_are_called(tmp_path):
    method = build("simclr")
    optimizer = build_optimizer(method, options())
    pending = Pending(loss=[1.5, 0.1], terms={"loss": [1.0], "terms": [2.0], "∆ x": [math.pi]})
    save_checkpoint(
        tmp_path, step=1, seconds=0.0, method=method, optimizer=optimizer, pending=pending
    )
    assert latest_checkpoint(tmp_path).pending == pending


def test_a_checkpoint_of_version_0_1_is_read(tmp_path):
    metadata = {
        "format": "1",
        "step": "3",
        "seconds": "1.5",
        "optimizer": "{}",
        "pending": '{"loss": [6.0, 5.0], "alignment": [0.5, 0.25]}',
    }
    save_file(
        {"method.x": torch.zeros(1)}, tmp_path / "step-00000003.safetensors", metadata=metadata
    )
    checkpoint = latest_checkpoint(tmp_path)
    assert checkpoint.step == 3
    assert checkpoint.pending == Pending([6.0, 5.0], {"alignment": [0.5, 0.25]})
