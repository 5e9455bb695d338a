"""What is peculiar to CPC and its encoder."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from torch.nn.parallel import DistributedDataParallel

from nearfar.inputs import Sequences
from nearfar.methods import CPC, RunFacts, byol, cpc, moco_v2, simclr, vicreg
from nearfar.modules import BilinearCritic, ConvNet, StridedEncoder, series_strides, sound_strides
from nearfar.parallel import rank, world_size
from nearfar.training import cached_backward
from tests.distributed.harness import run_processes
from tests.references.cpc import cpc as reference


def small(**settings: object) -> StridedEncoder:
    torch.manual_seed(0)
    return StridedEncoder(**{"width": 6, "context": 5, "strides": (2, 2)} | settings)


def numbers(batch: int = 3, time: int = 32, channels: int = 1) -> torch.Tensor:
    return torch.randn(batch, channels, time, generator=torch.Generator().manual_seed(4))


def test_the_encoder_of_sound_is_the_papers() -> None:
    paper = StridedEncoder(width=512, strides=sound_strides(16_000))
    convolutions = [layer.convolution for layer in paper.layers]
    assert [c.stride[0] for c in convolutions] == [5, 4, 2, 2, 2]
    assert [c.kernel_size[0] for c in convolutions] == [10, 8, 4, 4, 4]
    assert {c.out_channels for c in convolutions} == {512}
    assert (paper.stride, paper.recurrent.hidden_size) == (160, 256)
    assert paper.count_steps(torch.tensor(20_480)).item() == 128
    assert StridedEncoder(strides=sound_strides(8_000)).stride == 80


@pytest.mark.parametrize("rate", [2_000, 4_000, 11_025, 22_050, 32_000, 48_000, 96_000])
def test_a_step_is_near_ten_milliseconds_at_any_rate(rate: int) -> None:
    assert 0.7 < math.prod(sound_strides(rate)) / (rate / 100) < 1.42


@pytest.mark.parametrize("length", [8, 24, 60, 80, 99, 150, 275, 1_000, 5_000])
def test_series_keep_enough_steps(length: int) -> None:
    steps = length / math.prod(series_strides(length))
    assert min(length, 24) <= steps < 49


@pytest.mark.parametrize("strides", [(5, 4, 2, 2, 2), (2, 1), (3,), (5, 4)])
def test_there_are_as_many_steps_as_are_counted(strides: tuple[int, ...]) -> None:
    encoder = small(strides=strides)
    for time in range(encoder.stride, encoder.stride + 50, 7):
        found = encoder.encodings(numbers(time=time)).shape[1]
        assert found == encoder.count_steps(torch.tensor(time)).item()
        assert abs(found - time / encoder.stride) <= 1


def test_neither_padding_nor_the_batch_changes_a_representation() -> None:
    encoder = small(channels=2).double()
    each = [torch.randn(2, n, dtype=torch.float64) for n in (40, 8, 23, 64)]
    together = encoder(Sequences.of(each))
    contexts, lengths = encoder.steps(Sequences.of(each))
    for row, sequence in enumerate(each):
        alone, (count,) = encoder.steps(sequence[None])
        assert lengths[row] == count
        torch.testing.assert_close(contexts[row, :count], alone[0])
        torch.testing.assert_close(together[row], alone[0].mean(dim=0))


def test_contexts_never_look_ahead() -> None:
    encoder = small()
    encodings = torch.randn(2, 10, 6)
    changed = encodings.clone()
    changed[:, 6:] += 1
    before, after = encoder.contexts(encodings), encoder.contexts(changed)
    assert torch.equal(before[:, :6], after[:, :6])
    assert not torch.allclose(before[:, 6:], after[:, 6:])


def test_a_sequence_too_short_for_a_step_is_refused() -> None:
    encoder = StridedEncoder(width=4, context=4, strides=(5, 4), kernels=(5, 4))
    with pytest.raises(ValueError, match="at least 20 long"):
        encoder(Sequences.of([torch.zeros(1, 100), torch.zeros(1, 7)]))


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"kernels": (4,)}, "one for each of 2 strides"),
        ({"strides": ()}, "`kernels` must be one for each of 0 strides, got"),
        ({"kernels": (1, 4)}, "`kernels` must be a whole number of 2"),
        ({"width": 0}, "`width` must be a whole number of 1 or more, got 0"),
    ],
)
def test_impossible_encoders_are_refused(settings: dict, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        small(**settings)


@pytest.mark.parametrize("candidates", ["batch", "same_sequence", "other_sequences"])
def test_the_loss_is_equation_4_of_what_the_parts_compute(candidates: str) -> None:
    method = cpc(small(), 5, steps=3, candidates=candidates).double()
    x = numbers().double()
    z = method.encoder.encodings(x)
    c = method.encoder.contexts(z)
    foreseen = torch.stack([c @ critic.weight for critic in method.critics])
    expected = reference(
        foreseen.detach().numpy().astype(np.float64), z.detach().numpy(), candidates=candidates
    )
    assert method((x,)).loss.item() == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize(
    ("candidates", "count"),
    [("batch", 24), ("same_sequence", 8), ("other_sequences", 17)],
)
def test_chance_is_the_loss_of_critics_that_say_nothing(candidates: str, count: int) -> None:
    method = cpc(small(), 5, steps=3, candidates=candidates, facts=RunFacts(length=32))
    for critic in method.critics:
        torch.nn.init.zeros_(critic.weight)
    assert method.candidates(3) == count
    assert method.chance(3) == pytest.approx(math.log(count))
    assert method((numbers(),)).loss.item() == pytest.approx(math.log(count), rel=1e-6)


def test_without_a_length_there_is_no_chance() -> None:
    method = cpc(small(), 5, steps=3)
    assert method.chance(3) is None
    assert method.candidates(3) is None


@pytest.mark.parametrize("candidates", ["batch", "same_sequence", "other_sequences"])
def test_gradient_caching_is_exact(candidates: str) -> None:
    method = cpc(small(), 5, steps=3, candidates=candidates).double()
    views = (numbers(7).double(),)
    method(views).loss.backward()
    plain = {name: p.grad.clone() for name, p in method.named_parameters()}
    method.zero_grad()
    cached_backward(method, views, micro_batch=3)
    for name, parameter in method.named_parameters():
        torch.testing.assert_close(parameter.grad, plain[name], rtol=1e-9, atol=1e-12)


def test_the_horizon_must_fit_into_the_view() -> None:
    with pytest.raises(ValueError, match=r"`steps` must be below the 8 time steps .* got 12"):
        cpc(small(), 5)((numbers(),))
    with pytest.raises(ValueError, match=r"`steps` must be below the 8 time steps .* got 12"):
        cpc(small(), 5, facts=RunFacts(length=32))


def test_an_encoder_without_time_steps_is_refused() -> None:
    with pytest.raises(TypeError, match=r"`encoder` must have time steps .* ConvNet has none"):
        cpc(ConvNet(channels=1), 256)
    with pytest.raises(TypeError, match=r"`encoder` must have time steps .* Flatten has none"):
        CPC(torch.nn.Flatten(), torch.nn.ModuleList([BilinearCritic(2, 2)]))


def test_cpc_learns_what_comes_next() -> None:
    time = torch.arange(64.0)
    generator = torch.Generator().manual_seed(0)

    def batch() -> torch.Tensor:
        pitch = torch.rand(16, 1, 1, generator=generator) * 1.2 + 0.1
        return torch.sin(pitch * time + 6 * torch.rand(16, 1, 1, generator=generator))

    method = cpc(small(width=16, context=16), 16, steps=3, facts=RunFacts(length=64))
    optimizer = torch.optim.Adam(method.parameters(), 3e-3)
    for _ in range(60):
        loss = method((batch(),)).loss
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert method((batch(),)).loss.item() < method.chance(16) - 0.7


@pytest.mark.parametrize("preset", [simclr, vicreg, byol, moco_v2])
def test_methods_of_two_views_train_this_encoder(preset) -> None:
    options = {"queue_size": 32} if preset is moco_v2 else {}
    method = preset(small(context=8), 8, dim=8, **options)
    padded = Sequences.of([torch.randn(1, n) for n in (64, 40, 33, 50)] * 4)
    for views in ((numbers(16), numbers(16) * 1.1), (padded, padded)):
        step = method(views)
        step.loss.backward()
        assert step.loss.isfinite()
        assert step.representations[0].shape == (16, 8)
        method.after_batch(step)
        method.after_update(0.5)


class _Step(torch.nn.Module):
    """The loss as the output: what wraps a method hooks into tensors."""

    def __init__(self, method: CPC) -> None:
        super().__init__()
        self.method = method

    def forward(self, view: torch.Tensor) -> torch.Tensor:
        return self.method((view,)).loss


def gradients_of(candidates: str, view: torch.Tensor, *, shared: bool) -> tuple[float, list]:
    torch.manual_seed(0)
    method = cpc(small(), 5, steps=3, candidates=candidates).double()
    model = DistributedDataParallel(_Step(method)) if shared else _Step(method)
    loss = model(view)
    loss.backward()
    return loss.item(), [parameter.grad.numpy() for parameter in method.parameters()]


def sharded(candidates: str) -> tuple[float, list]:
    shard = numbers(6).double().chunk(world_size())[rank()]
    return gradients_of(candidates, shard, shared=True)


@pytest.mark.parametrize("candidates", ["batch", "same_sequence", "other_sequences"])
def test_two_processes_have_the_gradient_of_one(candidates: str) -> None:
    loss, gradients = gradients_of(candidates, numbers(6).double(), shared=False)
    answers = run_processes(sharded, 2, candidates)
    assert np.mean([answer[0] for answer in answers]) == pytest.approx(loss, rel=1e-10)
    for _, found in answers:
        for mine, expected in zip(found, gradients, strict=True):
            np.testing.assert_allclose(mine, expected, rtol=1e-8, atol=1e-12)
