"""Options with fixed choices take no other word, from Python and from a recipe."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import nearfar
from nearfar.api._recipe import Recipe, literals_of
from nearfar.modalities import modality

KINDS = ("images", "sequences", "text", "graphs", "vectors", "pairs")
CHOICES = [(kind, name) for kind in KINDS for name in literals_of(modality(kind).options)]


def test_there_are_choices() -> None:
    assert ("images", "view_style") in CHOICES
    assert len(CHOICES) > 3


@pytest.mark.parametrize(("kind", "name"), CHOICES)
@pytest.mark.usefixtures("as_users_run_it")
def test_another_word_is_refused(kind: str, name: str) -> None:
    with pytest.raises(ValueError, match=f"`{name}` must be one of .*, got 'drawn'"):
        Recipe(data="x", modality=kind, method="simclr", options={name: "drawn"})


@pytest.mark.parametrize("name", ["views", "view_style"])
@pytest.mark.usefixtures("as_users_run_it")
def test_a_misspelt_style_trains_nothing(name: str, tmp_path: Any) -> None:
    images = np.zeros((24, 16, 16), dtype=np.uint8)
    with pytest.raises(ValueError, match=f"`{name}` must be one of drawing, natural"):
        nearfar.pretrain("simclr", images, epochs=1, out=tmp_path / "run", **{name: "drawn"})
    assert not (tmp_path / "run").exists()
