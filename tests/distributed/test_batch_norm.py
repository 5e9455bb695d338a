"""Synchronised batch-norm: what it replaces, and that it is batch-norm."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from nearfar.parallel import SynchronizedBatchNorm, gather, rank, synchronize_batch_norm
from tests.distributed.harness import run_processes


def small() -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(4, 3), nn.Sequential(nn.BatchNorm1d(3)), nn.BatchNorm1d(3))


def replaced() -> tuple[bool, bool, list[str], bool]:
    model = small()
    keys, weight = list(model.state_dict()), model[2].weight
    model.eval()
    same = synchronize_batch_norm(model)
    norms = [m for m in model.modules() if isinstance(m, SynchronizedBatchNorm)]
    return (
        same is model and len(norms) == 2 and model[2].weight is weight,
        not norms[0].training,
        [key for key in model.state_dict() if key not in keys],
        list(model.state_dict()) == keys,
    )


@pytest.mark.slow
def test_every_batch_norm_is_replaced_with_parameters_keys_and_mode_kept() -> None:
    assert run_processes(replaced, 2) == [(True, True, [], True)] * 2


def test_one_process_keeps_its_own_batch_norm() -> None:
    model = small()
    norm = model[2]
    assert synchronize_batch_norm(model) is model
    assert model[2] is norm


def with_activation() -> tuple[Tensor, Tensor]:
    from timm.layers import BatchNormAct2d

    x = torch.randn(4, 3, 2, 2, generator=torch.Generator().manual_seed(3))
    synchronized = synchronize_batch_norm(BatchNormAct2d(3))
    assert isinstance(synchronized, SynchronizedBatchNorm)
    return gather(synchronized(x.chunk(2)[rank()])).detach(), BatchNormAct2d(3)(x).detach()


def test_the_activation_inside_a_batch_norm_stays() -> None:
    for ours, expected in run_processes(with_activation, 2):
        assert (ours >= 0).all()
        torch.testing.assert_close(ours, expected)


class Unknown(nn.BatchNorm2d):
    pass


def unknown() -> str:
    with pytest.raises(TypeError) as error:
        synchronize_batch_norm(nn.Sequential(Unknown(3)))
    return str(error.value)


def test_a_batch_norm_of_another_kind_is_refused() -> None:
    message = run_processes(unknown, 2)[0]
    assert message.startswith("`module` must have no batch-norms but BatchNorm1d")
    assert message.endswith("test_batch_norm.Unknown")


def uneven(dtype: torch.dtype) -> tuple[Tensor, Tensor, Tensor]:
    """Three samples here, one there, far from 0: a naive sum of squares would lose them."""
    x = torch.randn(4, 3, 5, generator=torch.Generator().manual_seed(4)) + 1000
    norm, plain = SynchronizedBatchNorm(3), nn.BatchNorm1d(3)
    part = x[:3] if rank() == 0 else x[3:]
    with torch.autocast("cpu", dtype=torch.bfloat16):
        y = norm(part.to(dtype))
        expected = plain(x.to(dtype))
    assert y.dtype == dtype
    torch.testing.assert_close(norm.running_var, plain.running_var, rtol=1e-4, atol=0)
    torch.testing.assert_close(norm.running_mean, plain.running_mean)
    mine = expected[:3] if rank() == 0 else expected[3:]
    return y.detach(), mine.detach(), norm.eval()(part.float()).detach()


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16], ids=str)
def test_shards_of_different_size_and_half_precision_work(dtype: torch.dtype) -> None:
    for ours, expected, _ in run_processes(uneven, 2, dtype):
        tolerance = 2e-3 if dtype == torch.float32 else 2e-2
        torch.testing.assert_close(ours, expected, rtol=tolerance, atol=tolerance)


def test_alone_it_is_the_batch_norm_of_torch() -> None:
    x = torch.randn(4, 3, 2, 2)
    ours, theirs = SynchronizedBatchNorm(3), nn.BatchNorm2d(3)
    for _ in range(2):
        assert torch.equal(ours(x), theirs(x))
    assert torch.equal(ours.eval()(x), theirs.eval()(x))
    assert ours.state_dict().keys() == theirs.state_dict().keys()


def wrong_channels() -> str:
    with pytest.raises(ValueError, match="`input`") as error:
        SynchronizedBatchNorm(3)(torch.zeros(2, 4))
    return str(error.value)


def test_a_wrong_number_of_channels_is_refused() -> None:
    expected = "`input` must be batch × 3 channels × …, got shape (2, 4)"
    assert run_processes(wrong_channels, 2) == [expected] * 2
