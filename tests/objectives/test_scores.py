"""What the losses over scores, triplets, locations and times claim in their Relations."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from nearfar.modules import BilinearCritic
from nearfar.objectives import (
    AMDIMLoss,
    BinaryDiscriminationLoss,
    ContrastiveLoss,
    CosineTripletLoss,
    CPCLoss,
    CURLLoss,
    DeepInfomaxLoss,
    InfoNCELoss,
    JensenShannonLoss,
    MultiViewLoss,
    NTLogisticLoss,
    NTXentLoss,
    Objective,
    SwappedPredictionLoss,
    TripletLoss,
    binary_discrimination_loss,
    cosine_triplet_loss,
    cpc_loss,
    curl_loss,
    deep_infomax_loss,
    donsker_varadhan_loss,
    info_nce_loss,
    jensen_shannon_loss,
    nt_logistic_loss,
    triplet_loss,
)
from tests.every import every

ESTIMATORS = {
    "jensen_shannon": jensen_shannon_loss,
    "donsker_varadhan": donsker_varadhan_loss,
}


def normal(*shape: int) -> Tensor:
    return torch.randn(*shape, dtype=torch.float64)


def others(rows: Tensor) -> Tensor:
    """For each row, all the other rows."""
    return torch.stack([torch.cat([rows[:i], rows[i + 1 :]]) for i in range(len(rows))])


# --- InfoNCE --------------------------------------------------------------------------------------


@pytest.mark.parametrize("normalize", [True, False])
def test_own_negatives_that_are_the_others_keys_give_the_loss_in_the_batch(normalize: bool) -> None:
    queries, keys = normal(7, 4).requires_grad_(), normal(7, 4).requires_grad_()
    settings = {"temperature": 0.3, "normalize": normalize}
    whole = info_nce_loss(queries, keys, **settings)
    apart = info_nce_loss(queries, keys, others(keys), **settings)
    torch.testing.assert_close(apart, whole)
    for ours, expected in zip(
        torch.autograd.grad(apart, [queries, keys]),
        torch.autograd.grad(whole, [queries, keys]),
        strict=True,
    ):
        torch.testing.assert_close(ours, expected)


def test_own_negatives_that_are_one_bank_give_the_loss_with_a_bank() -> None:
    queries, keys, bank = normal(7, 4), normal(7, 4), normal(9, 4)
    own = info_nce_loss(queries, keys, bank.expand(7, 9, 4), temperature=0.3)
    torch.testing.assert_close(own, info_nce_loss(queries, keys, bank, temperature=0.3))


def test_one_sample_with_its_own_negatives_is_enough() -> None:
    loss = info_nce_loss(normal(1, 4), normal(1, 4), normal(1, 2, 4), temperature=0.3)
    assert loss.isfinite()


@pytest.mark.parametrize("negatives", [None, (9, 4), (6, 9, 4)], ids=str)
@pytest.mark.parametrize("size", [1e-18, 1.0, 1e4, 1e9])
def test_products_of_any_size_give_finite_losses_and_gradients(
    negatives: tuple[int, ...] | None, size: float
) -> None:
    inputs = [size * torch.randn(shape) for shape in ((6, 4), (6, 4), negatives) if shape]
    for x in inputs:
        x.requires_grad_()
    loss = info_nce_loss(*inputs, temperature=1.0, normalize=False)
    loss.backward()
    assert loss.isfinite()
    assert every(x.grad is not None and x.grad.isfinite().all() for x in inputs)
    if size < 1:
        assert loss.item() == pytest.approx(math.log(6 if negatives is None else 10))


def test_a_bilinear_critic_is_its_map_and_the_plain_product() -> None:
    critic = BilinearCritic(3, 4).double()
    queries, keys = normal(7, 3).requires_grad_(), normal(7, 4).requires_grad_()
    scores = torch.einsum("ia,ab,jb->ij", queries, critic.weight, keys)
    expected = F.cross_entropy(scores, torch.arange(7))
    loss = info_nce_loss(critic(queries), keys, temperature=1.0, normalize=False)
    torch.testing.assert_close(loss, expected)
    leaves = [queries, keys, critic.weight]
    for ours, theirs in zip(
        torch.autograd.grad(loss, leaves), torch.autograd.grad(expected, leaves), strict=True
    ):
        torch.testing.assert_close(ours, theirs)


# --- estimators over scores -----------------------------------------------------------------------

COUNTS = torch.tensor([[6, 2, 1], [1, 5, 3], [2, 1, 9]])


def table(counts: Tensor) -> tuple[Tensor, Tensor]:
    """A discrete joint distribution and the product of its marginals."""
    joint = counts.double() / counts.sum()
    return joint, joint.sum(1, keepdim=True) * joint.sum(0)


def drawn(scores: Tensor, counts: Tensor) -> tuple[Tensor, Tensor]:
    """Scores of pairs drawn exactly as often as the distributions say."""
    apart = counts.sum(1)[:, None] * counts.sum(0)
    return (
        scores.flatten().repeat_interleave(counts.flatten()),
        scores.flatten().repeat_interleave(apart.flatten()),
    )


def test_the_log_density_ratio_is_the_optimum_of_jensen_shannon() -> None:
    p, q = table(COUNTS)
    best = (p / q).log().requires_grad_()
    loss = jensen_shannon_loss(*drawn(best, COUNTS))
    loss.backward()
    assert best.grad is not None
    assert best.grad.abs().max() < 1e-15
    middle = (p + q) / 2
    divergence = ((p * (p / middle).log()).sum() + (q * (q / middle).log()).sum()) / 2
    torch.testing.assert_close(loss, 2 * math.log(2) - 2 * divergence)


def test_donsker_varadhan_reads_the_mutual_information_at_its_optimum() -> None:
    p, q = table(COUNTS)
    best = ((p / q).log() + 7).requires_grad_()  # any constant may be added
    loss = donsker_varadhan_loss(*drawn(best, COUNTS))
    loss.backward()
    assert best.grad is not None
    assert best.grad.abs().max() < 1e-15
    torch.testing.assert_close(-loss, (p * (p / q).log()).sum())


def test_no_critic_passes_the_mutual_information() -> None:
    p, q = table(COUNTS)
    information = (p * (p / q).log()).sum()
    for _ in range(50):
        assert -donsker_varadhan_loss(*drawn(normal(3, 3), COUNTS)) < information


def test_donsker_varadhan_never_overflows() -> None:
    joint, marginal = torch.full((3,), 6e4), torch.tensor([-6e4, 0.0, 6e4])
    for dtype in (torch.float16, torch.float32):
        loss = donsker_varadhan_loss(joint.to(dtype), marginal.to(dtype))
        assert loss.item() == pytest.approx(-math.log(3), abs=0.01)


def test_binary_discrimination_is_cross_entropy_with_logits_over_both_kinds() -> None:
    positives, negatives = normal(5), normal(3, 4)
    scores = torch.cat([positives, negatives.flatten()])
    expected = F.binary_cross_entropy_with_logits(scores, (torch.arange(17) < 5).double())
    torch.testing.assert_close(binary_discrimination_loss(positives, negatives), expected)


def test_binary_discrimination_is_half_of_jensen_shannon_over_as_many_of_both() -> None:
    positives, negatives = normal(6), normal(6)
    half = jensen_shannon_loss(positives, negatives) / 2
    torch.testing.assert_close(binary_discrimination_loss(positives, negatives), half)


# --- triplets and CURL ----------------------------------------------------------------------------


@pytest.mark.parametrize("margin", [0.1, 0.7])
def test_the_triplet_loss_is_that_of_torch_without_its_epsilon(margin: float) -> None:
    triplets = [normal(50, 3).requires_grad_() for _ in range(3)]
    ours = triplet_loss(*triplets, margin=margin)
    theirs = F.triplet_margin_loss(*triplets, margin=margin, eps=0.0)
    torch.testing.assert_close(ours, theirs)
    gradients = (torch.autograd.grad(loss, triplets) for loss in (ours, theirs))
    torch.testing.assert_close(*gradients)


def test_at_distance_zero_the_gradient_is_zero_and_finite_beside_it() -> None:
    anchors = torch.zeros(2, 3, requires_grad=True)
    triplet_loss(anchors, torch.zeros(2, 3), torch.zeros(2, 3), margin=1.0).backward()
    assert anchors.grad is not None
    assert not anchors.grad.any()
    near = torch.full((2, 3), 1e-20, requires_grad=True)  # its square underflows
    triplet_loss(near, torch.zeros(2, 3), torch.ones(2, 3), margin=9.0).backward()
    assert near.grad is not None
    assert near.grad.isfinite().all()


def test_on_the_sphere_a_margin_of_cosines_is_half_a_margin_of_squared_distances() -> None:
    anchors, positives, negatives = (F.normalize(normal(50, 3)) for _ in range(3))
    near = (anchors - positives).square().sum(1)
    far = (anchors - negatives).square().sum(1)
    expected = (2 * 0.4 + near - far).relu().mean() / 2
    torch.testing.assert_close(
        cosine_triplet_loss(anchors, positives, negatives, margin=0.4), expected
    )


def test_nt_logistic_is_jensen_shannon_of_cosines_over_temperature() -> None:
    anchors, positives, negatives = normal(8, 3), normal(8, 3), normal(8, 3)
    scores = [F.cosine_similarity(anchors, x) / 0.2 for x in (positives, negatives)]
    ours = nt_logistic_loss(anchors, positives, negatives, temperature=0.2)
    torch.testing.assert_close(ours, jensen_shannon_loss(*scores))


def test_the_logistic_curl_loss_is_info_nce_in_bits() -> None:
    anchors, positives, negatives = normal(8, 3), normal(8, 3), normal(8, 4, 3)
    nats = info_nce_loss(anchors, positives, negatives, temperature=1.0, normalize=False)
    torch.testing.assert_close(curl_loss(anchors, positives, negatives), nats / math.log(2))


def test_the_hinge_with_one_negative_is_a_triplet_loss_on_products() -> None:
    anchors, positives, negatives = normal(8, 3), normal(8, 3), normal(8, 1, 3)
    products = [(anchors * x).sum(1) for x in (positives, negatives[:, 0])]
    expected = (1 + products[1] - products[0]).relu().mean()
    ours = curl_loss(anchors, positives, negatives, surrogate="hinge")
    torch.testing.assert_close(ours, expected)


@pytest.mark.parametrize("surrogate", ["logistic", "hinge"])
def test_blocks_never_raise_the_loss(surrogate: str) -> None:
    anchors, positives, negatives = normal(8, 3), normal(8, 2, 3), normal(8, 4, 2, 3)
    one_by_one = [
        curl_loss(anchors, positives[:, i], negatives[:, :, j], surrogate=surrogate)
        for i in range(2)
        for j in range(2)
    ]
    averaged = curl_loss(anchors, positives, negatives, surrogate=surrogate)
    assert averaged <= sum(one_by_one) / 4


def test_blocks_of_one_and_blocks_of_equals_are_no_blocks() -> None:
    anchors, positives, negatives = normal(8, 3), normal(8, 3), normal(8, 4, 3)
    plain = curl_loss(anchors, positives, negatives)
    once = curl_loss(anchors, positives[:, None], negatives[:, :, None])
    torch.testing.assert_close(once, plain)
    thrice = curl_loss(anchors, positives[:, None].expand(8, 3, 3), negatives)
    torch.testing.assert_close(thrice, plain)


# --- locations ------------------------------------------------------------------------------------


@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_deep_infomax_is_the_estimator_over_the_products(estimator: str) -> None:
    local, whole = normal(5, 3, 4), normal(5, 4)
    scores = torch.einsum("id,jld->ijl", whole, local)
    same = torch.eye(5, dtype=torch.bool)
    expected = ESTIMATORS[estimator](scores[same], scores[~same])
    torch.testing.assert_close(deep_infomax_loss(local, whole, estimator=estimator), expected)


def test_deep_infomax_with_one_location_is_info_nce() -> None:
    local, whole = normal(6, 1, 4), normal(6, 4)
    expected = info_nce_loss(whole, local[:, 0], temperature=1.0, normalize=False)
    torch.testing.assert_close(deep_infomax_loss(local, whole, estimator="info_nce"), expected)


# --- times ----------------------------------------------------------------------------------------


def test_cpc_one_step_ahead_is_info_nce_with_each_predictions_own_negatives() -> None:
    predictions, encodings = normal(1, 3, 4, 5), normal(3, 4, 5)
    everything = encodings.flatten(0, 1)
    positives = torch.arange(12).view(3, 4)[:, 1:].flatten()
    expected = info_nce_loss(
        predictions[0, :, :-1].flatten(0, 1),
        everything[positives],
        others(everything)[positives],
        temperature=1.0,
        normalize=False,
    )
    torch.testing.assert_close(cpc_loss(predictions, encodings), expected)


@pytest.mark.parametrize("candidates", ["batch", "same_sequence", "other_sequences"])
def test_predictions_past_the_end_do_not_count(candidates: str) -> None:
    predictions, encodings = normal(3, 2, 5, 4).requires_grad_(), normal(2, 5, 4)
    cpc_loss(predictions, encodings, candidates=candidates).backward()
    assert predictions.grad is not None
    counts = predictions.grad.abs().sum(dim=(1, 3)) > 0
    assert counts.tolist() == [[t + k < 5 for t in range(5)] for k in (1, 2, 3)]


def test_one_sequence_is_its_own_batch() -> None:
    predictions, encodings = normal(2, 1, 5, 4), normal(1, 5, 4)
    torch.testing.assert_close(
        cpc_loss(predictions, encodings, candidates="same_sequence"),
        cpc_loss(predictions, encodings, candidates="batch"),
    )


@pytest.mark.parametrize("candidates", ["batch", "same_sequence", "other_sequences"])
def test_skipping_leaves_the_first_steps_out_of_the_mean(candidates: str) -> None:
    predictions, encodings = normal(3, 2, 5, 4), normal(2, 5, 4)
    first, whole = (
        cpc_loss(predictions[:steps], encodings, candidates=candidates) for steps in (1, 3)
    )
    rest = cpc_loss(predictions[1:], encodings, skip=1, candidates=candidates)
    torch.testing.assert_close(rest, (3 * whole - first) / 2)


def test_times_with_one_place_are_times() -> None:
    predictions, encodings = normal(2, 3, 5, 4), normal(3, 5, 4)
    expected = cpc_loss(predictions, encodings)
    torch.testing.assert_close(cpc_loss(predictions.unsqueeze(3), encodings.unsqueeze(2)), expected)


def test_the_encoding_to_come_is_told_from_others_by_a_critic_that_knows_the_shift() -> None:
    """Sequences that turn by a fixed angle: the right map foresees them, the identity does not."""
    start = F.normalize(normal(8, 2)) * 6
    angle = torch.tensor(2 * math.pi / 5, dtype=torch.float64)
    turn = torch.stack([angle.cos(), -angle.sin(), angle.sin(), angle.cos()]).view(2, 2)
    encodings = torch.stack([start @ torch.linalg.matrix_power(turn, t) for t in range(5)], dim=1)
    settings = {"candidates": "same_sequence"}
    knowing = cpc_loss((encodings @ turn)[None], encodings, **settings)
    ignorant = cpc_loss(encodings[None], encodings, **settings)
    assert knowing < 1e-9
    assert ignorant > math.log(5)


# --- chance ---------------------------------------------------------------------------------------


def test_a_chance_that_depends_on_the_number_of_negatives_is_none_until_told() -> None:
    losses = [CPCLoss(), DeepInfomaxLoss(estimator="info_nce"), CURLLoss()]
    assert [loss.chance(batch_size=8) for loss in losses] == [None, None, None]
    told = [loss.chance(batch_size=8, num_negatives=7) for loss in losses]
    assert told == pytest.approx([math.log(8), math.log(8), 3.0])


@pytest.mark.parametrize(
    ("loss", "expected"),
    [
        (InfoNCELoss(temperature=0.1), math.log(8)),
        (ContrastiveLoss(temperature=0.1), math.log(8)),
        (NTXentLoss(temperature=0.1), math.log(15)),
        (NTLogisticLoss(temperature=0.1), 2 * math.log(2)),
        (MultiViewLoss(temperature=0.1, contrastive_weight=3.0), 3 * math.log(8)),
        (MultiViewLoss(temperature=0.1, symmetric=True), math.log(15)),
        (MultiViewLoss(temperature=0.1, inverse_weight=0.1), None),
        (MultiViewLoss(temperature=0.1, forward_weight=0.1), None),
        (AMDIMLoss(), None),
        (CPCLoss(), None),
        (CURLLoss(), None),
        (CURLLoss(surrogate="hinge"), 1.0),
        (DeepInfomaxLoss(estimator="info_nce"), None),
        (DeepInfomaxLoss(estimator="jensen_shannon"), 2 * math.log(2)),
        (DeepInfomaxLoss(estimator="donsker_varadhan"), 0.0),
        (SwappedPredictionLoss(), None),
        (BinaryDiscriminationLoss(), math.log(2)),
        (JensenShannonLoss(), 2 * math.log(2)),
        (TripletLoss(margin=0.7), 0.7),
        (CosineTripletLoss(margin=0.3), 0.3),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Objective) else "",
)
def test_chance_of_a_batch_of_eight(loss: Objective, expected: float | None) -> None:
    found = loss.chance(batch_size=8)
    assert found == (expected if expected is None else pytest.approx(expected, rel=1e-12))


def test_weigh_is_deprecated_and_gives_the_sum() -> None:
    loss = MultiViewLoss(temperature=0.5, inverse_weight=0.25)
    z1, z2 = normal(6, 4), normal(6, 4)
    with pytest.warns(DeprecationWarning, match="MultiViewLoss.weigh is deprecated"):
        summed = loss.weigh(loss.terms(z1, z2))
    assert float(summed) == pytest.approx(float(loss(z1, z2)), rel=1e-6)
