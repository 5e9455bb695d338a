"""Synthetic worlds: what they say of themselves is true of what they draw."""

from __future__ import annotations

import hashlib
import math

import numpy as np
import pytest
import torch
from scipy import special
from torch import Tensor
from torch.nn import functional as F

from nearfar.data import (
    CorrelatedGaussians,
    GaussianClasses,
    ShapeWorld,
    bit_toy,
    bit_toy_representations,
    open_labeled,
    open_source,
    random_joint,
)
from nearfar.data.worlds._shape_pairs import STYLES


def mean_of_projected(points: Tensor, noise: float, *, draws: int) -> Tensor:
    noisy = points[:, None] + noise * torch.randn(len(points), draws, points.shape[1]).double()
    return F.normalize(noisy, dim=2).mean(dim=1)


# Gaussian classes on the sphere


def test_views_are_unit_vectors_with_labels_by_the_prior() -> None:
    drawn = GaussianClasses(3, 5, prior=[0.6, 0.4, 0.0]).draw(20_000, views=3)
    assert drawn.embeddings.shape == (3, 20_000, 5)
    torch.testing.assert_close(drawn.embeddings.norm(dim=2), torch.ones(3, 20_000).double())
    shares = drawn.labels.bincount(minlength=3) / 20_000
    assert shares.tolist() == pytest.approx([0.6, 0.4, 0.0], abs=0.012)


def test_the_same_seed_draws_the_same_and_another_draws_afresh() -> None:
    world = GaussianClasses(seed=3)
    first, again, other = (world.draw(50, seed=seed).embeddings for seed in (0, 0, 1))
    assert torch.equal(first, again)
    assert not torch.isclose(first, other).any()
    assert torch.equal(GaussianClasses(seed=3).centers, world.centers)
    assert not torch.isclose(GaussianClasses(seed=4).centers, world.centers).any()


@pytest.mark.parametrize(("dim", "noise"), [(1, 0.8), (2, 0.3), (8, 0.76), (64, 0.1), (7, 5.0)])
def test_class_means_are_those_of_many_draws(dim: int, noise: float) -> None:
    world = GaussianClasses(4, dim, instance_noise=noise, augmentation_noise=0.0)
    found = mean_of_projected(world.centers, noise, draws=100_000)
    torch.testing.assert_close(found, world.class_means, atol=0.015, rtol=0)


@pytest.mark.parametrize("dim", [1, 2, 3, 10, 500])
@pytest.mark.parametrize("noise", [1e-3, 0.1, 1.0, 30.0])
def test_class_means_are_the_closed_form(dim: int, noise: float) -> None:
    world = GaussianClasses(2, dim, instance_noise=0.6 * noise, augmentation_noise=0.8 * noise)
    x = 1 / (2 * noise**2)
    growth = math.exp(math.lgamma((dim + 1) / 2) - math.lgamma(dim / 2 + 1)) / (2**0.5 * noise)
    expected = growth * special.hyp1f1(0.5, dim / 2 + 1, -x)
    torch.testing.assert_close(world.class_means, expected * world.centers, rtol=1e-9, atol=0)


def test_means_of_instances_are_those_of_their_augmentations() -> None:
    world = GaussianClasses(3, 6)
    drawn = world.draw(200, views=4_000)
    found = drawn.embeddings.mean(dim=0)
    torch.testing.assert_close(found, drawn.instance_means, atol=0.025, rtol=0)
    still = GaussianClasses(3, 6, augmentation_noise=0.0).draw(20)
    torch.testing.assert_close(still.embeddings[0], still.instance_means)


def test_the_published_simulation_of_the_bounds_is_reproduced() -> None:
    drawn = (world := GaussianClasses(5, 8)).draw(100_000)
    (z, positives), temperature = drawn.embeddings, 0.5
    drift = (z * (world.class_means[drawn.labels] - drawn.instance_means)).sum(dim=1)
    gap = drift.clamp(max=0).mean() / temperature
    supervised = F.cross_entropy(z @ world.class_means.T / temperature, drawn.labels)
    assert float(gap) == pytest.approx(-1.37, abs=0.01)
    assert float(supervised) == pytest.approx(1.35, abs=0.03)
    for negatives, published in ((4, 0.659), (8, 1.061), (16, 1.566), (32, 2.149), (64, 2.789)):
        others = positives[torch.randint(100_000, (20_000, negatives))]
        own = (z[:20_000] * positives[:20_000]).sum(dim=1, keepdim=True)
        apart = torch.einsum("nd,nkd->nk", z[:20_000], others)
        logits = torch.cat([own, apart], dim=1) / temperature
        loss = F.cross_entropy(logits, torch.zeros(20_000, dtype=torch.int64))
        assert float(loss) == pytest.approx(published, abs=0.03)


def test_classes_can_be_chosen() -> None:
    labels = torch.tensor([2, 2, 0])
    assert GaussianClasses(3, 4).draw(labels).labels.tolist() == [2, 2, 0]


# Correlated Gaussians


@pytest.mark.parametrize(("dim", "information"), [(1, 0.5), (3, 2.0), (20, 7.0)])
def test_the_log_density_ratio_is_that_of_the_densities(dim: int, information: float) -> None:
    world = CorrelatedGaussians(dim, information=information)
    assert -dim / 2 * math.log(1 - world.correlation**2) == pytest.approx(information)
    x, y = world.draw(100_000)
    correlation = np.corrcoef(x[:, 0].numpy(), y[:, 0].numpy())[0, 1]
    assert correlation == pytest.approx(world.correlation, abs=0.01)
    covariance = torch.full((2, 2), world.correlation).double().fill_diagonal_(1.0)
    normal = torch.distributions.MultivariateNormal(torch.zeros(2).double(), covariance)
    single = torch.distributions.Normal(0.0, 1.0)
    pairs = torch.stack([x[:50], y[:50]], dim=2)
    expected = normal.log_prob(pairs) - single.log_prob(x[:50]) - single.log_prob(y[:50])
    ratio = world.log_density_ratio(x, y)
    torch.testing.assert_close(ratio[:50], expected.sum(dim=1), rtol=1e-6, atol=1e-6)
    assert float(ratio.mean()) == pytest.approx(information, abs=0.05)


@pytest.mark.parametrize("information", [0.0, 1.0, 16.0])
def test_ratios_of_all_pairs_are_those_of_each(information: float) -> None:
    world = CorrelatedGaussians(8, information=information)
    x, y = world.draw(20)
    expected = world.log_density_ratio(x[:, None], y[None, :5])
    torch.testing.assert_close(world.log_density_ratios(x, y[:5]), expected)


def test_independent_gaussians_have_no_information() -> None:
    world = CorrelatedGaussians(3, information=0.0)
    x, y = world.draw(10)
    assert world.correlation == 0
    assert float(world.log_density_ratio(x, y).abs().max()) < 1e-12


# Tables


@pytest.mark.parametrize("flip", [0.0, 0.1, 1.0])
def test_the_toy_of_bits_is_a_count_of_its_bits(flip: float) -> None:
    table = torch.zeros(8, 8, 2).double()
    for bits in range(32):
        task, flipped, a, b, c = (bits >> i & 1 for i in range(5))
        weight = (flip if flipped else 1 - flip) / 16
        table[4 * task + 2 * a + b, 4 * (task ^ flipped) + 2 * a + c, task] += weight
    torch.testing.assert_close(bit_toy(flip), table)


def test_representations_of_the_bits_are_what_they_are_called() -> None:
    maps = bit_toy_representations()
    for x in range(8):
        task, a = x >> 2, x >> 1 & 1
        found = [int(maps[name][x]) for name in ("X", "(T,A)", "T", "A")]
        assert found == [x, 2 * task + a, task, a]


@pytest.mark.parametrize("task_of_input", [False, True])
def test_random_tables_sum_to_one_and_differ_by_seed(task_of_input: bool) -> None:
    first, other = (random_joint(5, 4, 3, task_of_input=task_of_input, seed=s) for s in (0, 1))
    assert float(first.sum()) == pytest.approx(1)
    assert bool((first >= 0).all())
    assert not torch.allclose(first, other)
    tasks_per_input = (first.sum(dim=1) > 0).sum(dim=1)
    assert bool((tasks_per_input == 1).all()) == task_of_input


# Shapes


def counted(factors: Tensor, values: int) -> Tensor:
    table = torch.zeros(values, values).double()
    table.index_put_((factors[0], factors[1]), torch.tensor(1.0).double(), accumulate=True)
    return table / factors.shape[1]


def test_pairs_share_what_the_dials_say() -> None:
    world = ShapeWorld(4, content_change=0.2, leakage={"color": 0.7, "size": 1.0}, side=16)
    drawn = world.draw(20_000)
    same = {name: float((f[0] == f[1]).float().mean()) for name, f in drawn.factors.items()}
    expected = {"content": 0.8, "position": 1 / 64, "size": 1.0, "color": 0.7 + 0.3 / 8}
    assert {name: same[name] for name in expected} == pytest.approx(expected, abs=0.012)
    assert same["background"] == pytest.approx(1 / 8, abs=0.012)


@pytest.mark.slow  # draws 100,000 pairs
def test_the_exact_table_of_factors_is_that_of_many_pairs() -> None:
    world = ShapeWorld(3, content_change=0.3, leakage={"size": 0.5}, side=16)
    drawn, joint = world.draw(100_000), world.joint("size")
    codes = drawn.factors["content"] * STYLES["size"] + drawn.factors["size"]
    assert joint.shape == (12, 12, 3)
    torch.testing.assert_close(counted(codes, 12), joint.sum(dim=2), atol=2e-3, rtol=0)
    tasks = torch.arange(12) // 4
    assert bool((joint.sum(dim=1).argmax(dim=1) == tasks).all())
    torch.testing.assert_close(joint.sum(dim=(0, 1)), torch.full((3,), 1 / 3).double())


def test_every_image_tells_all_its_factors() -> None:
    world = ShapeWorld(side=16)
    levels = {"content": 8, **STYLES}

    def distinct(*names: str) -> tuple[int, int]:
        grid = torch.cartesian_prod(*[torch.arange(levels[name]) for name in names])
        still = {name: torch.zeros(len(grid), dtype=torch.int64) for name in levels}
        images = world.render({**still, **dict(zip(names, grid.T, strict=True))})
        return len({image.tobytes() for image in images.numpy()}), len(grid)

    outlines, colors = distinct("content", "position", "size"), distinct("color", "background")
    assert outlines == (2048, 2048)
    assert colors == (64, 64)


def test_shapes_are_their_own_mirror_images() -> None:
    world = ShapeWorld()
    middle = torch.tensor([27, 28]).repeat(8)  # neighbours on either side of the middle
    content = torch.arange(8).repeat_interleave(2)
    plain = torch.zeros(16, dtype=torch.int64)
    style = dict.fromkeys(("size", "color", "background"), plain)
    images = world.render({"content": content, "position": middle, **style})
    assert torch.equal(images[::2], images[1::2].flip(2))


def test_a_sample_is_the_same_in_any_company() -> None:
    world = ShapeWorld(content_change=0.1, leakage=0.5, seed=7)
    whole = world.draw(100)
    some = world.draw(torch.tensor([93, 4, 4]))
    assert torch.equal(some.images, whole.images[:, [93, 4, 4]])
    assert torch.equal(some.content, whole.content[[93, 4, 4]])
    assert not torch.equal(ShapeWorld(seed=8).draw(100).content, whole.content)


def test_the_first_images_are_the_same_bits_everywhere() -> None:
    images = ShapeWorld(content_change=0.1, leakage=0.5).draw(256).images
    assert (
        hashlib.blake2b(images.numpy().tobytes(), digest_size=8).hexdigest() == "7522a60b373767c1"
    )


def test_shapes_are_a_source_by_name() -> None:
    source, data = open_source("shapes"), open_labeled("shapes")
    assert repr(source) == "<shapes: 5,000 colour images 32×32>"
    assert data.test is not None
    assert len(data.test) == 1_000
    assert len(data.class_names) == 8
    drawn = ShapeWorld().draw(3)
    assert torch.equal(source.read([0, 1, 2]).inputs.pixels, drawn.images[0].permute(0, 3, 1, 2))
    assert torch.equal(data.train_labels[:3], drawn.content)
    assert data.train_labels.bincount().min() > 500


# Refusals


@pytest.mark.usefixtures("as_users_run_it")
def test_worlds_that_make_no_sense_are_refused_with_words() -> None:
    with pytest.raises(ValueError, match=r"`prior` must sum to 1, got 0\.9"):
        GaussianClasses(2, prior=[0.5, 0.4])
    with pytest.raises(ValueError, match="`prior` must have 3 non-negative entries"):
        GaussianClasses(3, prior=[0.5, 0.5])
    with pytest.raises(ValueError, match="`instance_noise` must be a finite number of 0 or above"):
        GaussianClasses(instance_noise=-1.0)
    with pytest.raises(ValueError, match=r"classes from 0 to 4, got 1 to 5"):
        GaussianClasses(5).draw(torch.tensor([1, 5]))
    with pytest.raises(ValueError, match="an integer or a vector of integers"):
        GaussianClasses(5).draw(torch.zeros(3))
    with pytest.raises(ValueError, match="`information` must be a finite number of 0 or above"):
        CorrelatedGaussians(3, information=-0.1)
    with pytest.raises(ValueError, match="`flip` must lie between 0 and 1, got 2"):
        bit_toy(2)
    with pytest.raises(
        ValueError, match=r"`concentration` must be a finite number above 0, got 0.0"
    ):
        random_joint(2, 2, 2, concentration=0.0)
    with pytest.raises(ValueError, match="`num_classes` must be at most 8, got 9"):
        ShapeWorld(9)
    with pytest.raises(ValueError, match=r"`content_change` must be at most 1 - 1/2"):
        ShapeWorld(2, content_change=0.6)
    with pytest.raises(ValueError, match=r"got 'colr' \(did you mean 'color'\?\)"):
        ShapeWorld(leakage={"colr": 0.5})
    with pytest.raises(ValueError, match=r"`leakage` must lie between 0 and 1, got 1\.5"):
        ShapeWorld(leakage=1.5)
    with pytest.raises(ValueError, match=r"at most 2\^24 entries, got position, color, size"):
        ShapeWorld().joint("position", "color", "size")
    with pytest.raises(ValueError, match="`samples` must be a whole number of 1 or more"):
        ShapeWorld().draw(0)
