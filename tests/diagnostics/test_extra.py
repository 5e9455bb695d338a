"""Diagnostics of other packages are reported, and a broken one is left out with a warning."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from nearfar.diagnostics import EffectiveRank, Uniformity, _extra
from nearfar.diagnostics._extra import extra_findings


class Pair(EffectiveRank.__base__):  # type: ignore[misc]
    """Two numbers."""

    better, anchors = EffectiveRank.better, EffectiveRank.anchors

    def update(self, *embeddings: Tensor) -> None:
        pass

    def compute(self) -> tuple[Tensor, ...]:
        return torch.ones(()), torch.ones(())

    def merge(self, other: Pair) -> Pair:
        return self

    def reset(self) -> None:
        pass


def with_packages(monkeypatch: pytest.MonkeyPatch, **kinds: object) -> None:
    monkeypatch.setattr(_extra, "load_all", lambda group: kinds)


def test_a_class_and_an_instance_are_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    with_packages(monkeypatch, rank=EffectiveRank, spread=Uniformity(t=1.0))
    z = torch.eye(4)
    rank, spread = extra_findings(z)
    assert (rank.name, rank.value, rank.healthy) == ("rank", pytest.approx(4.0, rel=1e-4), None)
    assert rank.anchors == {"complete collapse": 1.0, "isotropic": 4.0}
    assert rank.reading.endswith(" Higher is better; it does not enter the verdict.")
    assert spread.value == pytest.approx(-2.0)  # all squared distances are 2
    assert spread.reading.endswith(" Lower is better; it does not enter the verdict.")
    assert extra_findings(z) == (rank, spread)  # an instance starts over


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        (object, "TypeError: it must be a nearfar.diagnostics.Diagnostic"),
        (Pair, "TypeError: its value must be one number, got 2"),
    ],
)
def test_what_is_no_diagnostic_is_left_out(
    monkeypatch: pytest.MonkeyPatch, kind: object, words: str
) -> None:
    with_packages(monkeypatch, broken=kind, rank=EffectiveRank)
    with pytest.warns(RuntimeWarning, match=f"diagnostic 'broken' .* is skipped: {words}"):
        found = extra_findings(torch.eye(4))
    assert [one.name for one in found] == ["rank"]


def test_a_name_that_is_taken_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    with_packages(monkeypatch, rank=EffectiveRank, other=EffectiveRank)
    with pytest.warns(RuntimeWarning, match="'rank' .* nearfar has a measurement of this name"):
        found = extra_findings(torch.eye(4), taken={"rank"})
    assert [one.name for one in found] == ["other"]
