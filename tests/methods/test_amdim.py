"""What is peculiar to AMDIM, its objective and its encoder."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, distributed, nn

from nearfar.methods import AMDIM, amdim
from nearfar.modules import AMDIM_SIZES, AMDIMEncoder, build_encoder, feature_maps, places
from nearfar.objectives import amdim_loss
from nearfar.parallel import rank, world_size
from tests.cases.method_cases import WIDTH, encoder, two_views
from tests.cases.objective_case import normal
from tests.distributed.harness import run_processes
from tests.references.amdim import amdim as reference


def build(**options: object) -> AMDIM:
    torch.manual_seed(0)
    return amdim(encoder(), WIDTH, **{"dim": 8} | options).double().eval()


def views() -> tuple[Tensor, Tensor]:
    first, second = two_views()
    return first.double(), second.double()


def embedded(method: AMDIM, view: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    h, maps = feature_maps(method.encoder, view)
    fine = method.fine_head(places(maps[0], side=7))
    return method.projector(h)[:, None], fine, method.coarse_head(places(maps[1], side=5))


@pytest.mark.parametrize("all_places", [False, True])
def test_the_loss_is_the_sum_of_three_scales_each_in_both_directions(all_places):
    method = build(all_places=all_places, clip=2.0, penalty_weight=0.1)
    with torch.no_grad():
        step = method(views())
        one, other = (embedded(method, view) for view in views())
        place = slice(None) if all_places else method._place(one[2])
    arrays = []
    for (z, _, source), (_, fine, coarse) in ((one, other), (other, one)):
        pairs = (z, coarse), (z, fine), (source[:, place], coarse)
        arrays.append([(q.numpy(), k.numpy()) for q, k in pairs])
    directions = [[reference(q, k, clip=2.0, penalty_weight=0.1) for q, k in p] for p in arrays]
    expected = [sum(both) / 2 for both in zip(*directions, strict=True)]
    assert step.loss.item() == pytest.approx(sum(expected))
    # with the penalties in a term of their own
    terms = {name: term.item() for name, term in step.terms.items()}
    penalty = terms.pop("penalty")
    assert list(terms) == ["global_coarse", "global_fine", "coarse_coarse"]
    assert penalty > 0
    assert sum(terms.values()) + penalty == pytest.approx(sum(expected))
    plain = [[reference(q, k, clip=2.0, penalty_weight=0.0) for q, k in p] for p in arrays]
    contrasts = [sum(both) / 2 for both in zip(*plain, strict=True)]
    assert list(terms.values()) == pytest.approx(contrasts)


def test_each_update_draws_a_place_and_in_time_every_one():
    method = build()
    coarse = torch.zeros(2, 16, 8)
    drawn = []
    for _ in range(200):
        place = method._place(coarse)
        assert torch.equal(place, method._place(coarse))
        drawn.append(place.item())
        method.after_update(0.5)
    assert set(drawn) == set(range(16))


def test_a_state_dict_brings_the_place_back():
    method, other = build(), build()
    for _ in range(5):
        method.after_update(0.5)
    other.load_state_dict(method.state_dict())
    assert torch.equal(other(views()).loss, method(views()).loss)


def test_the_numbers_of_places_are_the_papers_at_most():
    method = amdim(encoder(), WIDTH)
    _, _, fine, coarse = method.project((torch.rand(2, 1, 64, 64), torch.rand(2, 1, 64, 64)))
    assert fine[0].shape[:2] == (2, 49)
    assert coarse[0].shape[:2] == (2, 25)


def test_a_model_of_timm_serves_from_its_first_stage_on():
    model, _ = build_encoder("resnet18", channels=3, image_size=32)
    method = amdim(model, 512, dim=16)
    step = method((torch.rand(2, 3, 32, 32), torch.rand(2, 3, 32, 32)))
    step.loss.backward()
    assert step.loss.isfinite()
    assert (method.fine_map, method.coarse_map) == (1, 2)


def half_gradients() -> dict[str, Tensor]:
    method = build()
    method(tuple(view.chunk(world_size())[rank()] for view in views())).loss.backward()
    found = {name: parameter.grad for name, parameter in method.named_parameters()}
    for gradient in found.values():
        distributed.all_reduce(gradient)
        gradient.div_(world_size())
    return found


def test_two_processes_have_the_gradient_of_one():
    method = build()
    method(views()).loss.backward()
    for found in run_processes(half_gradients, 2):
        for name, parameter in method.named_parameters():
            torch.testing.assert_close(found[name], parameter.grad, rtol=1e-9, atol=1e-12)


@pytest.mark.usefixtures("as_users_run_it")
def test_an_encoder_without_maps_or_without_such_a_map_is_refused():
    flat = nn.Sequential(nn.Flatten(), nn.Linear(256, WIDTH))
    with pytest.raises(TypeError, match=r"`encoder` must have feature maps, .* got Sequential"):
        amdim(flat, WIDTH)
    with pytest.raises(ValueError, match=r"`fine_map` must be an index .* from -4 to 3, got -5"):
        amdim(encoder(), WIDTH, fine_map=-5)
    with pytest.raises(ValueError, match="`coarse_map` must be an index of the encoder's 4"):
        amdim(encoder(), WIDTH, coarse_map=4)
    with pytest.raises(ValueError, match="`clip` must be a finite number above 0, got 0"):
        amdim(encoder(), WIDTH, clip=0)


@pytest.mark.parametrize("scores", [1, 100, 216])
def test_the_objective_in_parts_is_the_objective_at_once(scores, monkeypatch):
    inputs = [normal(6, 2, 5).requires_grad_(), normal(6, 3, 5, seed=2).requires_grad_()]
    whole = amdim_loss(*inputs, clip=2.0)
    expected = torch.autograd.grad(whole, inputs)
    monkeypatch.setattr("nearfar.objectives._amdim._SCORES", scores)
    parts = amdim_loss(*inputs, clip=2.0)
    torch.testing.assert_close(parts, whole, rtol=1e-12, atol=1e-12)
    torch.testing.assert_close(torch.autograd.grad(parts, inputs), expected, rtol=1e-10, atol=1e-12)


def test_a_score_is_clipped_softly_and_the_penalty_pulls_it_back():
    queries = torch.tensor([[[1e4]], [[-1e4]]], requires_grad=True)
    keys = torch.tensor([[[1.0]], [[-1.0]]])
    loss = amdim_loss(queries, keys, penalty_weight=0.0)
    assert loss.item() == pytest.approx(0, abs=1e-6)
    loss.backward()
    assert queries.grad.abs().max() == 0  # the clip has no slope there
    amdim_loss(queries, keys).backward()
    assert torch.equal(queries.grad.sign(), queries.sign())


# --- the encoder ----------------------------------------------------------------------------------


@pytest.mark.parametrize("side", [8, 28, 32, 48, 64, 96, 128, 224])
def test_maps_have_seven_and_five_places_a_side_whatever_the_image(side):
    model = AMDIMEncoder(channels=1, image_size=side, width=4, dim=16, depth=2).eval()
    images = torch.rand(2, 1, side, side)
    h, maps = model.feature_maps(images)
    wide = 16 if model.side == 32 else 32
    assert [tuple(one.shape[1:]) for one in maps] == [(wide, 7, 7), (wide, 5, 5), (16, 1, 1)]
    assert model.map_channels == (wide, wide, 16)
    assert h.shape == (2, model.num_features)
    assert torch.equal(model(images), h)


@pytest.mark.parametrize(("side", "seen"), [(32, 8), (64, 16), (128, 35)])
def test_a_place_sees_a_part_of_the_image_only(side, seen):
    torch.manual_seed(0)
    model = AMDIMEncoder(channels=1, image_size=side, width=4, dim=16, depth=2).eval()
    image = torch.rand(1, 1, side, side, requires_grad=True)
    model.feature_maps(image)[1][0][0, :, 3, 3].sum().backward()
    rows = (image.grad[0, 0] != 0).any(dim=1).nonzero()
    assert rows.max() - rows.min() + 1 == seen


def test_the_names_of_the_encoder_have_the_papers_sizes():
    assert AMDIM_SIZES["amdim_small"] == {"width": 192, "dim": 1536, "depth": 8}
    assert AMDIM_SIZES["amdim_medium"] == {"width": 256, "dim": 2048, "depth": 10}
    assert AMDIM_SIZES["amdim_large"] == {"width": 320, "dim": 2560, "depth": 10}


@pytest.mark.parametrize("norm", ["batch", "layer"])
def test_the_description_builds_an_encoder_that_takes_the_weights_strictly(norm):
    model, description = build_encoder("amdim", channels=1, image_size=28, norm=norm)
    assert (description.library, description.width) == ("nearfar", 512)
    scope: dict[str, object] = {}
    exec("import nearfar.modules\nmodel = " + description.how, scope)
    rebuilt = scope["model"]
    rebuilt.load_state_dict(model.state_dict(), strict=True)
    again, _ = build_encoder(
        description.name, norm=norm, **{k: description.form[k] for k in ("channels", "image_size")}
    )
    again.load_state_dict(model.state_dict(), strict=True)
    images = torch.rand(2, 1, 28, 28)
    assert torch.equal(rebuilt.eval()(images), model.eval()(images))


def test_with_layer_norm_no_image_can_be_told_from_its_batch():
    model = AMDIMEncoder(channels=1, width=4, dim=16, depth=1, norm="layer")
    images = torch.rand(4, 1, 32, 32)
    torch.testing.assert_close(model(images)[:1], model(images[:1]), rtol=1e-5, atol=1e-6)


@pytest.mark.usefixtures("as_users_run_it")
def test_an_encoder_that_cannot_be_is_refused():
    with pytest.raises(
        ValueError, match="`stem` must be 'standard' or 'auto' for amdim, got 'small'"
    ):
        build_encoder("amdim", channels=3, image_size=32, stem="small")
    with pytest.raises(ValueError, match="did you mean 'amdim_small'"):
        build_encoder("amdim_smal", channels=3, image_size=32)
    with pytest.raises(ValueError, match="`depth` must be a whole number of 1 or more, got 0"):
        AMDIMEncoder(depth=0)
    with pytest.raises(ValueError, match="`norm` must be one of batch, layer, got 'group'"):
        AMDIMEncoder(norm="group")
