"""What is peculiar to CPC v2."""

from __future__ import annotations

import base64
import io
import math

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

import nearfar
from nearfar.methods import CPCv2, RunFacts, cpc_v2
from nearfar.modules import BilinearCritic, ConvNet, MaskedContext
from nearfar.parallel import rank, world_size
from nearfar.training import cached_backward
from nearfar.views import PatchViews, cut_patches
from tests.cases.method_cases import layer_encoder as small
from tests.distributed.harness import run_processes
from tests.every import every
from tests.references.cpc import cpc as reference

DIRECTIONS = ("down", "up", "right", "left")
CANDIDATES = ["batch", "same_sequence", "other_sequences"]


def patches(count: int = 3, rows: int = 4, columns: int = 4) -> Tensor:
    generator = torch.Generator().manual_seed(5)
    return torch.rand(count, rows, columns, 1, 8, 8, generator=generator)


def tiny(**options: object) -> CPCv2:
    return cpc_v2(small(), 32, **{"dim": 6, "hidden": 8, "facts": RunFacts(rows=4)} | options)


def turned(grid: Tensor, direction: str) -> Tensor:
    """The rows, or columns, in the order in which they are met."""
    axis = 1 if direction in {"down", "up"} else 2
    order = range(grid.shape[axis])
    met = order if direction in {"down", "right"} else reversed(order)
    return torch.stack([grid.select(axis, place) for place in met], dim=1)


@pytest.mark.parametrize("candidates", CANDIDATES)
def test_the_loss_is_cpcs_over_the_rows_of_every_direction(candidates: str) -> None:
    method = tiny(candidates=candidates, skip=1, steps=2).double()
    view = patches().double()
    encodings = method.encoder(view.flatten(0, 2)).unflatten(0, (3, 4, 4))
    targets = method.projector(encodings.flatten(0, 2)).unflatten(0, (3, 4, 4))
    expected = []
    for direction in DIRECTIONS:
        contexts = method.contexts[direction](turned(encodings, direction))
        foretold = torch.stack([contexts @ critic.weight for critic in method.critics[direction]])
        aims = turned(targets, direction).detach().numpy()
        settings = {"skip": 1, "candidates": candidates, "temperature": 10.0}
        expected.append(reference(foretold.detach().numpy(), aims, **settings))
    step = method((view,))
    for direction, value in zip(DIRECTIONS, expected, strict=True):
        assert step.terms[direction].item() == pytest.approx(value / 4, rel=1e-9)
    assert step.loss.item() == pytest.approx(np.mean(expected), rel=1e-9)


@pytest.mark.parametrize("direction", DIRECTIONS)
def test_what_is_foretold_depends_on_no_patch_further_on(direction: str) -> None:
    method = tiny(directions=(direction,), blocks=3)
    view = patches(1).requires_grad_()
    _, _, (foretold,) = method.project((view,))
    for row in range(4):
        (gradient,) = torch.autograd.grad(foretold[:, :, row].sum(), view, retain_graph=True)
        seen = turned(gradient.abs().sum(dim=(3, 4, 5)), direction).sum(dim=(0, 2)) > 0
        assert seen.tolist() == [place <= row for place in range(4)]


def test_a_context_sees_its_whole_row_and_all_above_it() -> None:
    grid = torch.rand(1, 6, 6, 8).requires_grad_()
    context = MaskedContext(8, hidden=16, blocks=5)(grid)
    (gradient,) = torch.autograd.grad(context[0, 3, 2].sum(), grid)
    seen = gradient.abs().sum(dim=(0, 3)) > 0
    assert seen[:4].all()
    assert not seen[4:].any()


@pytest.mark.parametrize(("size", "patch", "stride"), [(32, 16, 8), (32, 8, 4), (33, 12, 5)])
@pytest.mark.parametrize("direction", DIRECTIONS)
def test_no_pixel_of_a_target_was_seen_by_its_context(
    size: int, patch: int, stride: int, direction: str
) -> None:
    views = PatchViews(size=size, channels=1, patch=patch, stride=stride)
    facts = RunFacts(rows=views.rows, shared_rows=views.shared_rows)
    method = tiny(directions=(direction,), facts=facts)
    images = torch.rand(1, 1, size, size).requires_grad_()
    _, (targets,), (foretold,) = method.project((cut_patches(images, patch=patch, stride=stride),))
    targets = turned(targets, direction)

    def pixels(made: Tensor) -> Tensor:
        return torch.autograd.grad(made.sum(), images, retain_graph=True)[0] != 0

    for row in range(views.rows - views.shared_rows - 1):
        context = pixels(foretold[:, :, row])
        nearest = row + views.shared_rows + 1
        assert not (context & pixels(targets[:, nearest:])).any()
        assert (context & pixels(targets[:, nearest - 1])).any()  # the comparison can fail


@pytest.mark.parametrize(
    ("candidates", "count"), [("batch", 48), ("same_sequence", 16), ("other_sequences", 33)]
)
def test_chance_is_the_loss_of_critics_that_say_nothing(candidates: str, count: int) -> None:
    method = tiny(candidates=candidates)
    for critics in method.critics.values():
        for critic in critics:
            nn.init.zeros_(critic.weight)
    assert method.candidates(3) == count
    assert method.chance(3) == pytest.approx(math.log(count))
    assert method((patches(),)).loss.item() == pytest.approx(math.log(count), rel=1e-6)


def test_without_a_grid_there_is_no_chance_and_five_steps() -> None:
    method = cpc_v2(small(), 32)
    assert method.chance(3) is None
    assert method.candidates(3) is None
    assert len(method.critics["down"]) == 5
    assert method.objective.skip == 1


@pytest.mark.parametrize(
    ("rows", "shared", "skip", "steps"), [(7, 1, 1, 5), (3, 1, 1, 1), (5, 3, 3, 1), (9, 0, 0, 5)]
)
def test_as_many_rows_are_foretold_as_do_not_overlap(
    rows: int, shared: int, skip: int, steps: int
) -> None:
    method = cpc_v2(small(), 32, facts=RunFacts(rows=rows, shared_rows=shared))
    assert method.objective.skip == skip
    assert every(len(critics) == steps for critics in method.critics.values())


def test_whole_images_and_grids_are_embedded() -> None:
    method = tiny().eval()
    image = torch.rand(2, 1, 16, 16)
    assert torch.equal(method.embed(image), method.encoder(image))
    each = torch.stack([method.encoder(p) for p in patches(2).flatten(1, 2)])
    torch.testing.assert_close(method.embed(patches(2)), each.mean(dim=1))


def test_the_representation_of_a_step_is_the_mean_over_patches() -> None:
    method = tiny()
    step = method((patches(),))
    torch.testing.assert_close(step.representations[0], method.embed(patches()))
    expected = method.projector(step.representations[0])
    torch.testing.assert_close(step.projections[0], expected)


def test_a_grid_may_be_wider_than_tall_where_all_directions_fit() -> None:
    assert tiny(facts=None, steps=1)((patches(rows=3, columns=5),)).loss.isfinite()
    with pytest.raises(ValueError, match="must be below the 3 rows of the grid of patches, got 1"):
        tiny(facts=None, steps=2)((patches(rows=3, columns=5),))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"directions": ()}, "for the same directions, at least one, got none and none"),
        ({"directions": ("below",)}, "`directions` must be one of .*down"),
        ({"steps": 4}, r"`skip` \+ `steps` must be below the 4 rows .* got 1 \+ 4"),
        (
            {"facts": RunFacts(rows=4, shared_rows=3)},
            r"`skip` \+ `steps` must be below the 4 rows .* got 3 \+ 1",
        ),
        ({"steps": 0}, "`steps` must be a whole number of 1 or more, got 0"),
        ({"skip": -1}, "`skip` must be a whole number of 0 or more, got -1"),
        ({"blocks": 0}, "`blocks` must be a whole number of 1 or more, got 0"),
        ({"temperature": 0.0}, "`temperature` must be a finite number above 0"),
        ({"candidates": "image"}, "`candidates` must be one of batch"),
    ],
)
@pytest.mark.usefixtures("as_users_run_it")
def test_what_makes_no_sense_is_refused(options: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        tiny(**options)


def test_critics_must_be_for_the_directions_of_the_contexts() -> None:
    contexts = nn.ModuleDict({"down": MaskedContext(32, hidden=4, blocks=1)})
    critics = nn.ModuleDict({"up": nn.ModuleList([BilinearCritic(32, 6)])})
    with pytest.raises(ValueError, match="same directions, at least one, got down and up"):
        CPCv2(small(), nn.Linear(32, 6), contexts, critics)


def test_views_that_are_no_grid_are_refused() -> None:
    with pytest.raises(ValueError, match=r"must be one grid of patches.*got shape \(3, 1, 8, 8\)"):
        tiny()((torch.rand(3, 1, 8, 8),))


@pytest.mark.parametrize("candidates", CANDIDATES)
def test_gradient_caching_is_exact(candidates: str) -> None:
    method = tiny(candidates=candidates).double()
    views = (patches(7).double(),)
    method(views).loss.backward()
    plain = {name: p.grad.clone() for name, p in method.named_parameters()}
    method.zero_grad()
    cached_backward(method, views, micro_batch=3)
    for name, parameter in method.named_parameters():
        torch.testing.assert_close(parameter.grad, plain[name], rtol=1e-9, atol=1e-12)


class _Step(nn.Module):
    """The loss as the output: what wraps a method hooks into tensors."""

    def __init__(self, method: CPCv2) -> None:
        super().__init__()
        self.method = method

    def forward(self, view: Tensor) -> Tensor:
        return self.method((view,)).loss


def gradients_of(candidates: str, view: Tensor, *, shared: bool) -> tuple[float, list]:
    torch.manual_seed(0)
    method = tiny(candidates=candidates).double()
    model = DistributedDataParallel(_Step(method)) if shared else _Step(method)
    loss = model(view)
    loss.backward()
    return loss.item(), [parameter.grad.numpy() for parameter in method.parameters()]


def sharded() -> list[tuple[float, list]]:
    shard = patches(6).double().chunk(world_size())[rank()]
    return [gradients_of(candidates, shard, shared=True) for candidates in CANDIDATES]


def test_two_processes_have_the_gradient_of_one() -> None:
    by_rank = run_processes(sharded, 2)
    for place, candidates in enumerate(CANDIDATES):
        loss, gradients = gradients_of(candidates, patches(6).double(), shared=False)
        answers = [answer[place] for answer in by_rank]
        assert np.mean([answer[0] for answer in answers]) == pytest.approx(loss, rel=1e-10)
        for _, found in answers:
            for mine, expected in zip(found, gradients, strict=True):
                np.testing.assert_allclose(mine, expected, rtol=1e-8, atol=1e-12)


@pytest.mark.slow  # the loss and its gradients are compared with loops
def test_it_learns_what_the_patches_of_an_image_share() -> None:
    """Every image is a grating of its own pitch: far patches tell it apart from others."""
    generator = torch.Generator().manual_seed(0)
    line = torch.arange(32.0)
    views = PatchViews(
        size=32, channels=1, patch=16, jitter=0.0, drop=0.0, flip=0.0, crop_scale=(0.9, 1.0)
    )
    method = cpc_v2(small(), 32, facts=RunFacts(rows=3), hidden=16)
    optimizer = torch.optim.Adam(method.parameters(), 3e-3)
    for update in range(60):
        pitch = 0.3 + 1.7 * torch.rand(16, 1, 1, 1, generator=generator)
        images = (0.5 + 0.5 * torch.sin(pitch * line)).expand(16, 1, 32, 32).contiguous()
        step = method(views(images, torch.arange(16), seed=0, epoch=update))
        optimizer.zero_grad()
        step.loss.backward()
        optimizer.step()
    assert step.loss.item() < method.chance(16) - 0.5


def test_a_run_fits_the_method_to_its_patches(tmp_path) -> None:
    images = np.random.default_rng(0).integers(0, 256, (24, 16, 16, 3), dtype=np.uint8)
    run = nearfar.pretrain(
        "cpc_v2",
        images,
        out=tmp_path / "run",
        epochs=1,
        batch_size=8,
        precision="32",
        view_options={"patch": 8, "stride": 2},
        method_options={"hidden": 8, "directions": ("down",)},
    )
    assert run.record.chance == pytest.approx(math.log(8 * 5**2))
    assert run.record.candidates == 8 * 25
    assert "skip=3" in run.record.objective
    assert run.description.norm == "layer"
    assert every(not isinstance(m, nn.BatchNorm2d) for m in run.encoder.modules())
    assert run.embed(images).shape == (24, run.description.width)
    shown = run.directory.read_gallery().views[0].others
    assert [exhibit.caption for exhibit in shown] == ["view 1"]
    grid = Image.open(io.BytesIO(base64.b64decode(shown[0].png)))
    assert grid.size == (5 * 9 - 1, 5 * 9 - 1)


def test_a_patch_is_told_by_the_layer_norm_of_itself_alone() -> None:
    torch.manual_seed(0)
    encoder = ConvNet(channels=1, width=4, norm="layer").train()
    crowd = patches(4).flatten(0, 2)
    torch.testing.assert_close(encoder(crowd)[:5], encoder(crowd[:5]))
