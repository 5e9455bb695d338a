"""What is peculiar to SwAV."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from nearfar.methods import RunFacts, SwAV, swav
from nearfar.parallel import synchronize_batch_norm
from nearfar.training import Engine, cached_backward, latest_checkpoint
from nearfar.views import ImageViews
from tests.cases.method_cases import BATCH, WIDTH, encoder, multi_crop_views
from tests.references.swapped_prediction import swapped_prediction
from tests.training.worlds import fit, options, weights


def small_swav(**changes: float) -> SwAV:
    settings = {"dim": 8, "prototypes": 6, "queue_size": 0, "frozen": 0.0}
    return swav(encoder(), WIDTH, **settings | changes)


def doubled() -> tuple[Tensor, ...]:
    return tuple(view.double() for view in multi_crop_views())


def by_reference(method: SwAV, views: tuple[Tensor, ...], **settings: float) -> float:
    """The paper's loss in loops, from the method's own networks and queues."""
    with torch.no_grad():
        z1, z2, *small = (method.projector(method.encoder(view)).numpy() for view in views)
    queues = [queue.keys.numpy() for queue in method.queues] or [None, None]
    crops = torch.stack([torch.from_numpy(z) for z in small]).numpy() if small else None
    prototypes = method.prototypes.detach().numpy()
    return swapped_prediction(z1, z2, prototypes, *queues, crops, **settings)


def trained(method: SwAV, updates: int) -> None:
    """Updates by gradient descent, as the loop makes them; progress runs from 0 to 1."""
    optimizer = torch.optim.SGD(method.parameters(), lr=0.5, weight_decay=0.1)
    for number in range(updates):
        step = method(multi_crop_views())
        step.loss.backward()
        method.after_batch(step)
        optimizer.step()
        optimizer.zero_grad()
        method.after_update((number + 1) / updates)


@pytest.mark.parametrize("views", [2, 3, 5])
@pytest.mark.parametrize("settings", [{}, {"iterations": 0}, {"epsilon": 0.2, "temperature": 0.5}])
def test_the_loss_is_the_papers_over_two_codes_and_all_crops(views: int, settings: dict) -> None:
    method = small_swav(**settings).double().eval()
    shown = doubled()[:views]
    expected = by_reference(method, shown, **settings)
    assert method(shown).loss.item() == pytest.approx(expected, rel=1e-9)


def test_views_of_one_size_pass_the_encoder_together() -> None:
    method = small_swav()
    passes: list[torch.Size] = []
    method.encoder.register_forward_pre_hook(lambda _, x: passes.append(x[0].shape))
    method(multi_crop_views())
    assert [tuple(shape) for shape in passes] == [(2 * BATCH, 1, 16, 16), (3 * BATCH, 1, 8, 8)]


def test_queues_are_used_once_they_are_full_and_their_time_has_come() -> None:
    method = small_swav(queue_size=2 * BATCH, queue_start=0.5).double().eval()
    views = doubled()
    alone = method(views).loss.item()
    method.after_update(0.9)
    method.after_batch(method(views))
    assert method(views).loss.item() == pytest.approx(alone)  # half full
    method.after_batch(method(tuple(1 - view for view in views)))
    method.after_update(0.49)
    assert method(views).loss.item() == pytest.approx(alone)  # full, too early
    method.after_update(0.5)
    with_queue = method(views).loss.item()
    assert with_queue == pytest.approx(by_reference(method, views), rel=1e-9)
    assert with_queue != pytest.approx(alone, rel=1e-6)


def test_each_queue_holds_the_latest_projections_of_its_own_view() -> None:
    method = small_swav(queue_size=BATCH).eval()
    step = method(multi_crop_views())
    method.after_batch(step)
    for queue, z in zip(method.queues, step.projections, strict=False):
        torch.testing.assert_close(queue.keys, F.normalize(z.detach(), dim=1))


def test_a_restored_method_goes_on_with_its_queues_and_its_progress() -> None:
    method = small_swav(queue_size=BATCH, queue_start=0.5)
    trained(method, 2)
    other = small_swav(queue_size=BATCH, queue_start=0.5)
    other.load_state_dict(method.state_dict(), strict=True)
    views = multi_crop_views()
    assert torch.equal(other.eval()(views).loss, method.eval()(views).loss)
    assert float(other.progress) == 1.0
    assert int(other.seen) == 2 * BATCH


def test_frozen_prototypes_stay_and_then_move() -> None:
    method = small_swav(frozen=0.5)
    start = method.prototypes.detach().clone()
    places = []
    hook = method.after_update
    method.after_update = lambda progress: (hook(progress), places.append(weights(method)))
    trained(method, 4)
    moved = [not torch.allclose(state["prototypes"], start, atol=1e-6) for state in places]
    assert moved == [False, False, True, True]


def test_prototypes_frozen_for_good_are_the_random_ones_of_the_ablation() -> None:
    method = small_swav(frozen=1.0)
    start = method.prototypes.detach().clone()
    trained(method, 3)
    torch.testing.assert_close(method.prototypes.detach(), start)


def test_caching_leaves_frozen_prototypes_without_a_gradient() -> None:
    method = small_swav(frozen=0.5)
    method.after_batch(cached_backward(method, multi_crop_views(), micro_batch=3))
    assert not method.prototypes.grad.any()
    method.after_update(0.5)
    method.after_batch(cached_backward(method, multi_crop_views(), micro_batch=3))
    assert method.prototypes.grad.any()


def test_prototypes_have_length_one_after_each_update() -> None:
    method = small_swav()
    trained(method, 2)
    lengths = torch.linalg.vector_norm(method.prototypes, dim=1)
    torch.testing.assert_close(lengths, torch.ones(6))


def test_equal_samples_keep_the_loss_at_chance_only_with_equal_shares() -> None:
    """The ablation without Sinkhorn: one prototype may take everything."""
    losses = {}
    for iterations in (3, 0):
        torch.manual_seed(1)
        z = nn.Parameter(torch.randn(1, 8))
        prototypes = F.normalize(torch.randn(6, 8), dim=1)
        objective = small_swav(iterations=iterations).objective
        optimizer = torch.optim.SGD([z], lr=1.0)
        for _ in range(200):
            optimizer.zero_grad()
            loss = objective(z.expand(BATCH, -1), z.expand(BATCH, -1), prototypes)
            loss.backward()
            optimizer.step()
        losses[iterations] = loss.item()
    assert losses[3] >= math.log(6) - 1e-6
    assert losses[0] < 0.5


def test_without_equal_shares_samples_do_not_know_one_another() -> None:
    method = small_swav(iterations=0).double().eval()
    whole = method(doubled()).loss.item()
    halves = [
        method(tuple(view[rows] for view in doubled())).loss.item()
        for rows in (slice(0, 4), slice(4, 8))
    ]
    assert sum(halves) / 2 == pytest.approx(whole, rel=1e-9)


@pytest.mark.parametrize(
    ("samples", "expected"), [(None, 3000), (1_281_167, 3000), (50_000, 500), (1_797, 64)]
)
def test_small_data_get_fewer_prototypes(samples: int | None, expected: int) -> None:
    facts = RunFacts(samples=samples)
    assert len(swav(encoder(), WIDTH, facts=facts).prototypes) == expected
    assert len(swav(encoder(), WIDTH, facts=facts, prototypes=7).prototypes) == 7


def test_what_makes_no_sense_is_refused() -> None:
    for wrong, words in (
        ({"prototypes": 1}, "`prototypes` must be a whole number of 2 or more, got 1"),
        ({"queue_size": -1}, "`queue_size` must be a whole number of 0 or more"),
        ({"queue_start": 1.5}, "`queue_start` must lie between 0 and 1"),
        ({"frozen": -0.1}, "`frozen` must lie between 0 and 1"),
        ({"iterations": -1}, "`iterations` must be a whole number of 0 or more"),
    ):
        with pytest.raises(ValueError, match=words):
            small_swav(**wrong)
    with pytest.raises(ValueError, match="`views` must be 2 or more, got 1"):
        small_swav()(multi_crop_views()[:1])
    method = small_swav(queue_size=12)
    with pytest.raises(ValueError, match="number of rows that divides the queue's 12 places"):
        method.after_batch(method(multi_crop_views()))


def built() -> SwAV:
    torch.manual_seed(0)
    return small_swav(queue_size=32, queue_start=0.3, frozen=0.4)


def work(engine: Engine, folder: Path, micro_batch: int | None) -> None:
    torch.set_num_threads(1)
    views = ImageViews(size=16, channels=1, blur=(0.0,), flip=0.0, small_views=2, small_size=8)
    chosen = options(
        batch_size=16,
        optimizer="sgd",
        precision="64",
        watch_every=0,
        accumulate=2,
        micro_batch=micro_batch,
    )
    fit(folder, built(), chosen, engine=engine, views=views)  # 6 updates


@pytest.mark.slow
@pytest.mark.usefixtures("forked_processes")
def test_two_processes_end_with_the_weights_of_one(tmp_path: Path) -> None:
    """With accumulation, prototypes that thaw and queues that come in."""
    ends = []
    for devices in (1, 2):
        Engine(devices=devices, precision="64").launch(work, tmp_path / str(devices), None)
        method = synchronize_batch_norm(built()).double()
        checkpoint = latest_checkpoint(tmp_path / str(devices) / "checkpoints")
        assert checkpoint.step == 6
        checkpoint.restore_method(method)
        ends.append(weights(method))
    one, two = ends
    assert not torch.allclose(one["prototypes"], built().prototypes.double(), atol=1e-4)
    for name, value in one.items():
        torch.testing.assert_close(two[name], value, rtol=1e-5, atol=1e-7)
