"""Presets complete themselves from the class; what a run knows reaches them by annotation."""

from __future__ import annotations

import inspect
import pickle
from typing import Any

import pytest
from torch import nn

from nearfar import methods
from nearfar._docstrings import described, with_arguments
from nearfar.api._method_listing import preset_names
from nearfar.methods import ANY, Method, MoCo, RunFacts, Serves, SimCLR, preset
from nearfar.methods._preset import (
    facts_parameter,
    method_class,
    preset_options,
    served,
    serves_of,
)
from nearfar.modules import PerceptronHead
from nearfar.views import ViewRecipe, moco_v1_views, moco_v2_views

PRESETS = {name: getattr(methods, name) for name in preset_names()}
every_preset = pytest.mark.parametrize("name", PRESETS)


class Documented:
    def __init__(self, doc: str) -> None:
        self.__doc__ = doc


@every_preset
def test_defaults_are_those_of_the_class_unless_the_preset_has_its_own(name: str) -> None:
    build = PRESETS[name]
    own = inspect.signature(inspect.unwrap(build)).parameters
    of_class = inspect.signature(method_class(build)).parameters
    handed_on = [option for option in preset_options(build) if option not in own]
    defaults = preset_options(build)
    for option in handed_on:
        assert defaults[option].default == of_class[option].default


@every_preset
def test_every_preset_can_be_sent_to_another_process(name: str) -> None:
    assert pickle.loads(pickle.dumps(PRESETS[name])) is PRESETS[name]


@every_preset
def test_every_preset_declares_its_views_of_images_or_is_not_for_them(name: str) -> None:
    declared = serves_of(PRESETS[name])
    if ANY in declared:
        assert declared["images"].views.make is not None
    assert declared, f"{name} is for no kind of data"


def test_versions_of_a_method_differ_by_their_own_views() -> None:
    v1, v2 = served(methods.moco_v1, "images"), served(methods.moco_v2, "images")
    assert v1 is not None
    assert v2 is not None
    assert (v1.views.make, v2.views.make) == (moco_v1_views, moco_v2_views)
    assert MoCo.serves["images"].views.make is moco_v2_views
    turns = served(methods.moco_v1, "pairs")
    assert turns is not None
    assert turns.views.settings == {"turns": True}


def test_a_method_for_any_kind_serves_one_nobody_has_heard_of() -> None:
    assert served(methods.simclr, "pointclouds") == Serves()
    assert served(methods.cpc, "pointclouds") is None
    assert served(methods.cpc, "sequences") is not None


def test_a_preset_hands_on_what_it_does_not_know_itself() -> None:
    method = methods.simclr(nn.Identity(), 4, temperature=0.7, ring=True)
    assert (method.objective.temperature, method.ring) == (0.7, True)
    with pytest.raises(TypeError, match=r"simclr has no argument 'temprature' .*'temperature'"):
        methods.simclr(nn.Identity(), 4, temprature=0.7)


def test_a_preset_of_ones_own_is_completed_like_the_others() -> None:
    @preset(serves={"images": Serves(views=ViewRecipe(moco_v1_views))})
    def wide(encoder: nn.Module, width: int, *, dim: int = 512, **options: Any) -> SimCLR:
        """SimCLR with a wide projector."""
        return SimCLR(encoder, PerceptronHead(width, hidden=width, outputs=dim), **options)

    assert list(inspect.signature(wide).parameters) == [
        "encoder",
        "width",
        "dim",
        "temperature",
        "num_negatives",
        "ring",
    ]
    assert described(wide)["temperature"] == described(SimCLR)["temperature"]
    declared = served(wide, "images")
    assert declared is not None
    assert declared.views.make is moco_v1_views
    assert wide(nn.Identity(), 4, temperature=0.3).objective.temperature == 0.3


def test_what_returns_no_method_is_no_preset() -> None:
    def encoder_only(encoder: nn.Module, width: int) -> nn.Module:
        return encoder

    with pytest.raises(TypeError, match=r"annotation is a subclass of nearfar\.methods\.Method"):
        preset()(encoder_only)  # type: ignore[type-var]


def test_facts_are_asked_for_by_annotation_under_any_name() -> None:
    def mine(encoder: nn.Module, width: int, *, of_run: RunFacts, length: int = 3) -> SimCLR:
        return SimCLR(encoder, nn.Identity())

    assert facts_parameter(mine) == "of_run"
    assert list(preset_options(mine)) == ["length"]
    assert facts_parameter(methods.simclr) is None
    assert facts_parameter(methods.byol) == "facts"


def test_facts_as_0_1_took_them_warn_and_still_count() -> None:
    encoder = nn.Sequential(nn.Flatten(), nn.Linear(64, 32))
    expected = methods.byol(encoder, 32, facts=RunFacts(updates=390)).decay
    with pytest.warns(DeprecationWarning, match=r"pass facts=nearfar\.methods\.RunFacts\(updates"):
        assert methods.byol(encoder, 32, updates=390).decay == expected
    with pytest.warns(DeprecationWarning, match=r"RunFacts\(samples=…\)"):
        few = methods.swav(encoder, 32, num_samples=1_797)
    assert len(few.prototypes) == 64


def test_a_queue_is_no_longer_than_an_epoch_and_says_so() -> None:
    facts = RunFacts(batch_size=32, batches_per_epoch=5)
    short = methods.moco_v2(nn.Linear(4, 4), 4, dim=4, facts=facts)
    assert short.queue.keys.shape == (160, 4)
    assert short.notes == (
        "queue of 160 keys instead of 65,536: a multiple of the batch size, with each sample at"
        " most once",
    )
    asked = methods.moco_v2(nn.Linear(4, 4), 4, dim=4, queue_size=64, facts=facts)
    assert (asked.queue.keys.shape[0], asked.notes) == (64, ())
    with pytest.raises(ValueError, match="`size` must be a whole number of 1 or more, got 0"):
        methods.moco_v2(nn.Linear(4, 4), 4, dim=4, queue_size=0)


def test_a_class_that_declares_nothing_serves_nothing() -> None:
    assert Method.serves == {}


def test_arguments_are_written_in_the_order_of_the_signature() -> None:
    one = Documented("One.\n\nArgs:\n    b: Its b,\n        in two lines.\n\nRaises:\n    No.\n")
    other = Documented("Other.\n\nArgs:\n    a, c: Both.\n    b: Never seen.\n")
    assert with_arguments(one, other, names=["a", "b", "c", "d"]) == (
        "One.\n\nArgs:\n    a: Both.\n    b: Its b, in two lines.\n    c: Both.\n\nRaises:\n    No."
    )
    bare = Documented("One.\n\nMore.\n\nExample:\n    >>> 1\n    1\n")
    assert with_arguments(bare, other, names=["c"]) == (
        "One.\n\nMore.\n\nArgs:\n    c: Both.\n\nExample:\n    >>> 1\n    1"
    )
