"""The named terms of a step: weighted, detached, and adding up to the loss."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from nearfar.methods import Step
from nearfar.objectives import covariance_term, invariance_term, variance_term
from nearfar.testing._method_contract import MethodContract
from tests.cases.method_cases import CASES
from tests.references.barlow_twins import barlow_twins as barlow_twins_reference
from tests.references.cpc import cpc as cpc_reference

# of those whose loss has several terms, and what of them is an adversary's own loss
ADVERSARIES: dict[str, set[str]] = {
    "alignment_uniformity": set(),
    "amdim": set(),
    "barlow_twins": set(),
    "cpc": set(),
    "cpc_v2": set(),
    "deep_infomax": {"discriminator"},
    "multiview": set(),
    "simsiam_anatomy": set(),
    "vicreg": set(),
}
BY_NAME = {case.name: case for case in CASES}


def step_of(case: MethodContract) -> Step:
    torch.manual_seed(0)
    views = tuple(v.double() if v.is_floating_point() else v for v in case.views)
    step: Step = case.make().double()(views)
    return step


@pytest.mark.parametrize("name", sorted(ADVERSARIES))
def test_the_terms_add_up_to_the_loss(name: str) -> None:
    step = step_of(BY_NAME[name])
    assert ADVERSARIES[name] <= set(step.terms)
    parts = [term.item() for key, term in step.terms.items() if key not in ADVERSARIES[name]]
    assert parts
    assert sum(parts) == pytest.approx(step.loss.item(), rel=1e-12)


def test_methods_of_one_term_name_none_and_all_others_do() -> None:
    assert {case.name for case in CASES if step_of(case).terms} == set(ADVERSARIES)


def test_a_step_detaches_its_terms_and_leaves_plain_numbers_alone() -> None:
    weight = torch.ones((), requires_grad=True)
    step = Step(weight * 2, (), (), terms={"a": weight * 2, "b": 0.5})
    assert not step.terms["a"].requires_grad
    assert step.terms["b"] == 0.5
    assert step.loss.requires_grad


def projections(step: Step) -> tuple[Tensor, Tensor]:
    z1, z2 = step.projections
    return z1.detach(), z2.detach()


def test_vicreg_names_the_papers_three_terms_with_their_weights() -> None:
    case = BY_NAME["vicreg"]
    step, objective = step_of(case), case.make().objective
    z1, z2 = projections(step)
    expected = {
        "invariance": objective.invariance_weight * invariance_term(z1, z2),
        "variance": objective.variance_weight * (variance_term(z1) + variance_term(z2)),
        "covariance": objective.covariance_weight * (covariance_term(z1) + covariance_term(z2)),
    }
    assert list(step.terms) == list(expected)
    for name, value in expected.items():
        torch.testing.assert_close(step.terms[name], value)


def test_barlow_twins_names_the_papers_two_terms() -> None:
    case = BY_NAME["barlow_twins"]
    step = step_of(case)
    z1, z2 = (z.numpy() for z in projections(step))
    invariance = barlow_twins_reference(z1, z2, off_diagonal_weight=0.0)
    whole = barlow_twins_reference(
        z1, z2, off_diagonal_weight=case.make().objective.off_diagonal_weight
    )
    assert list(step.terms) == ["invariance", "redundancy_reduction"]
    assert step.terms["invariance"].item() == pytest.approx(invariance, rel=1e-9)
    assert step.terms["redundancy_reduction"].item() == pytest.approx(whole - invariance, rel=1e-9)


def test_cpc_names_its_steps_ahead() -> None:
    case = BY_NAME["cpc"]
    step = step_of(case)
    torch.manual_seed(0)
    method = case.make().double()
    (encodings,), (contexts,) = method.project(tuple(view.double() for view in case.views))
    made = torch.stack([critic(contexts) for critic in method.critics]).detach().numpy()
    known = encodings.detach().numpy()
    assert list(step.terms) == [f"k={k}" for k in range(1, len(made) + 1)]
    for skip, term in enumerate(step.terms.values()):
        alone = cpc_reference(made[skip : skip + 1], known, skip=skip)
        assert term.item() == pytest.approx(alone / len(made), rel=1e-9)
