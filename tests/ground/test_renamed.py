"""What 0.1 called otherwise works for one release, with one warning that gives the new name."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable
from functools import cache
from importlib import import_module
from inspect import signature
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from nearfar import speed
from nearfar._deprecation import OPTIONS, renamed_arguments, renamed_options
from nearfar.data import Confidence, DataKind, GaussianClasses, ShapeWorld, open_source
from nearfar.data.graphs import Graph, GraphSource, NodeFeatures, open_graphs
from nearfar.modalities import GraphForm, SequenceForm, VectorForm, VectorModality
from nearfar.modalities._modality import _RENAMED as RENAMED_METHODS
from nearfar.modules import EncoderDescription, PerceptronHead
from nearfar.objectives import InfoNCELoss, info_nce_loss
from nearfar.probes import KNNProbe, knn_accuracy
from nearfar.records import AdviceLine, GalleryRecord
from nearfar.views import (
    ImageViews,
    PatchViews,
    SequenceViews,
    VectorViews,
    sequence_views,
    simclr_views,
)

ROWS = torch.eye(6) + 0.1
LABELS = torch.arange(6) % 2
EDGES = np.array([[0, 1, 2], [1, 2, 0]])


def graph() -> Graph:
    return Graph("three", NodeFeatures(np.ones((3, 2), np.float32), name="three"), EDGES)


@cache
def graph_file() -> Path:
    path = Path(tempfile.mkdtemp()) / "three.npz"
    np.savez(path, edge_index=EDGES, x=np.ones((3, 2), np.float32))
    return path


def _certain(preview: object) -> Confidence:
    return Confidence.CERTAIN


@pytest.mark.parametrize(
    ("room", "old", "new"),
    [
        ("nearfar.data", "LabelledData", "LabeledData"),
        ("nearfar.data", "Sureness", "Confidence"),
        ("nearfar.data", "open_labelled", "open_labeled"),
        ("nearfar.data", "telling_options", "implying_options"),
        ("nearfar.modules", "held", "frozen_call"),
        ("nearfar.parallel", "SynchronisedBatchNorm", "SynchronizedBatchNorm"),
        ("nearfar.parallel", "synchronise_batch_norm", "synchronize_batch_norm"),
        ("nearfar.theory", "DecentringCurve", "DecenteringCurve"),
        ("nearfar.theory", "decentring_curve", "decentering_curve"),
        (
            "nearfar.theory",
            "von_mises_fisher_log_normaliser",
            "von_mises_fisher_log_normalizer",
        ),
    ],
)
def test_the_old_name_of_something_in_a_room(room: str, old: str, new: str) -> None:
    module = import_module(room)
    with pytest.warns(DeprecationWarning, match=rf"{room}\.{old} is .* use {room}\.{new}") as said:
        found = getattr(module, old)
    assert found is getattr(module, new)
    assert len(said) == 1
    assert old not in module.__all__


def test_the_package_that_is_now_speed() -> None:
    sys.modules.pop("nearfar.bench", None)
    with pytest.warns(DeprecationWarning, match=r"nearfar\.bench is .* use nearfar\.speed") as said:
        bench = import_module("nearfar.bench")
    assert len(said) == 1
    assert bench.__all__ == speed.__all__
    assert {getattr(bench, n) is getattr(speed, n) for n in speed.__all__} == {True}


def test_a_room_has_no_other_names() -> None:
    with pytest.raises(AttributeError, match=r"'nearfar\.data' has no attribute 'open_lableled'"):
        _ = import_module("nearfar.data").open_lableled


CALLS: dict[str, tuple[Callable[..., Any], Any]] = {
    "info_nce_loss: normalise": (
        lambda **given: info_nce_loss(ROWS, ROWS, temperature=1.0, **given),
        False,
    ),
    "knn_accuracy: neighbours": (
        lambda **given: knn_accuracy(ROWS, LABELS, ROWS, LABELS, **given),
        2,
    ),
    "NodeFeatures.rows: row_normalise": (
        lambda **given: graph().features.rows(np.arange(3), **given),
        True,
    ),
    "open_graphs: neighbours": (lambda **given: open_graphs(graph_file(), **given).neighbors, 3),
    "open_graphs: row_normalise": (
        lambda **given: open_graphs(graph_file(), **given).row_normalize,
        False,
    ),
    "open_source: neighbours": (lambda **given: open_source(graph_file(), **given).neighbors, 3),
    "PerceptronHead: normalise": (
        lambda **given: [*map(str, PerceptronHead(4, hidden=4, outputs=2, **given).children())],
        False,
    ),
    "PerceptronHead: normalise_output": (
        lambda **given: [*map(str, PerceptronHead(4, hidden=4, outputs=2, **given).children())],
        True,
    ),
    "simclr_views: grey": (lambda **given: simclr_views(size=8, **given).gray, 0.7),
    "simclr_views: solarise": (lambda **given: simclr_views(size=8, **given).solarize, (0.7,)),
    "simclr_views: solarise_threshold": (
        lambda **given: simclr_views(size=8, **given).solarize_threshold,
        0.7,
    ),
    "sequence_views: normalise": (
        lambda **given: sequence_views(length=8, sound=True, **given).normalize,
        "peak",
    ),
    "ShapeWorld: colour": (lambda **given: ShapeWorld(leakage=given).leakage, 0.5),
}


@pytest.mark.parametrize("call", CALLS)
def test_an_argument_under_its_old_name(call: str) -> None:
    function, value = CALLS[call]
    old = call.rpartition(" ")[2]
    new = OPTIONS.get(old, old.replace("normalise", "normalize"))
    with pytest.warns(DeprecationWarning, match=f"`{old}`.* is deprecated: use `{new}`") as said:
        found = function(**{old: value})
    assert len(said) == 1
    expected = function(**{new: value})
    if isinstance(expected, torch.Tensor):
        assert torch.equal(found.to_dense(), expected.to_dense())
    else:
        assert found == expected


NEW = OPTIONS | {"recognises": "recognizes", "says": "statement", "telling": "implied_by"}
OBJECTS: dict[str, tuple[Callable[..., Any], Any]] = {
    "AdviceLine.says": (lambda **g: AdviceLine(about="rank", formula="d", value=1.0, **g), "r = d"),
    "DataKind.recognises": (lambda **g: DataKind(name="mine", open=open_source, **g), _certain),
    "DataKind.telling": (lambda **g: DataKind(name="mine", open=open_source, **g), ("rate",)),
    "GalleryRecord.neighbours": (GalleryRecord, ()),
    "GraphForm.row_normalise": (lambda **g: GraphForm(num_features=2, **g), True),
    "GraphSource.neighbours": (lambda **g: GraphSource(graph(), **g), 3),
    "GraphSource.row_normalise": (lambda **g: GraphSource(graph(), **g), False),
    "ImageViews.grey": (lambda **g: ImageViews(size=8, **g), 0.7),
    "ImageViews.solarise": (lambda **g: ImageViews(size=8, **g), (0.7,)),
    "ImageViews.solarise_threshold": (lambda **g: ImageViews(size=8, **g), 0.7),
    "InfoNCELoss.normalise": (lambda **g: InfoNCELoss(temperature=1.0, **g), False),
    "KNNProbe.neighbours": (KNNProbe, 3),
    "PatchViews.grey": (lambda **g: PatchViews(size=16, **g), 0.7),
    "SequenceForm.normalise": (lambda **g: SequenceForm(channels=1, length=8, **g), "peak"),
    "SequenceViews.normalise": (lambda **g: SequenceViews(length=8, **g), "peak"),
}


@pytest.mark.parametrize("member", OBJECTS)
@pytest.mark.usefixtures("as_users_run_it")  # jaxtyping 0.3.0 looks at the arguments first
def test_a_member_under_its_old_name(member: str) -> None:
    make, value = OBJECTS[member]
    owner, _, old = member.partition(".")
    new = NEW[old]
    with pytest.warns(DeprecationWarning, match=f"`{old}` of {owner} is .* use `{new}`") as said:
        made = make(**{old: value})
    assert len(said) == 1
    assert getattr(made, new) == value
    with pytest.warns(DeprecationWarning, match=rf"{owner}\.{old} .* use {owner}\.{new}") as said:
        assert getattr(made, old) == value
    assert len(said) == 1
    assert {old, new} & {*signature(type(made)).parameters} == {new}


def test_names_of_a_world() -> None:
    world = ShapeWorld(leakage={"color": 0.5})
    with pytest.warns(DeprecationWarning, match=r"`colour` is deprecated: use `color`"):
        table = world.joint("colour")
    assert torch.equal(table, world.joint("color"))
    shown = world.draw(4).factors
    with pytest.warns(DeprecationWarning, match=r"`colour` is deprecated: use `color`"):
        assert torch.equal(shown["colour"], shown["color"])
    with pytest.raises(KeyError, match="colur"):
        _ = shown["colur"]
    first = {name: values[0] for name, values in shown.items()}
    again = {"colour" if name == "color" else name: values for name, values in first.items()}
    with pytest.warns(DeprecationWarning, match=r"`colour` is deprecated: use `color`"):
        images = world.render(again)
    assert torch.equal(images, world.render(first))
    world_of_classes = GaussianClasses()
    with pytest.warns(DeprecationWarning, match=r"use GaussianClasses\.centers"):
        centers = vars(type(world_of_classes))["centres"].fget(world_of_classes)
    assert centers is world_of_classes.centers


def test_parameters_of_views_under_their_old_names() -> None:
    views = ImageViews(size=8)
    samples = torch.arange(3)
    sizes = torch.full((3, 2), 8)
    drawn = views.parameters(samples, sizes, seed=0, epoch=0, view=0)
    with pytest.warns(DeprecationWarning, match=r"use ViewParameters\.gray"):
        assert torch.equal(vars(type(drawn))["grey"].fget(drawn), drawn.gray)


def test_a_kind_of_another_package_that_overrides_a_method_under_its_old_name() -> None:
    with pytest.warns(DeprecationWarning, match=r"use Mine\.(normalized|component)") as said:

        class Mine(VectorModality):
            def normalised(self, form: Any, views: Any) -> Any:
                return form, views

            def brings(self, name: str) -> Any:
                return super().brings(name) or f"no {name}"

    assert len(said) == 2
    mine = Mine()
    assert mine.normalized(1, 2) == (1, 2)
    with pytest.warns(DeprecationWarning, match=r"Modality\.brings .* use Modality\.component"):
        assert mine.component("text") == "no text"


METHODS: dict[str, tuple[Any, ...]] = {
    "brings": ("vectors",),
    "kept": (EncoderDescription(name="perceptron", library="nearfar", width=1),),
    "normalised": (VectorForm(dim=2), VectorViews(mean=(0.0, 1.0), std=(1.0, 2.0))),
    "takes": (VectorForm(dim=2),),
}


@pytest.mark.parametrize("old", METHODS)
def test_a_method_of_a_modality_called_by_its_old_name(old: str) -> None:
    kind, new = VectorModality(), RENAMED_METHODS[old]
    with pytest.warns(DeprecationWarning, match=rf"\.{old} is deprecated: use \w+\.{new}") as said:
        found = getattr(kind, old)(*METHODS[old])
    assert len(said) == 1
    assert found == getattr(kind, new)(*METHODS[old])


def test_a_file_with_old_names_is_read_without_a_warning(tmp_path: Path) -> None:
    rows = '[{"sample": {"caption": "a"}, "others": []}]'
    found = GalleryRecord.from_json(f'{{"views": [], "neighbours": {rows}}}')
    assert [row.sample.caption for row in found.neighbors] == ["a"]
    form = SequenceForm.of_values({"channels": 1, "length": 8, "normalise": "peak"})
    assert form == SequenceForm(channels=1, length=8, normalize="peak")
    assert GraphForm.of_values({"num_features": 2, "row_normalise": True}).row_normalize


def test_an_argument_under_both_names_is_an_error() -> None:
    with pytest.raises(TypeError, match=r"`neighbors` of .* twice: .*`neighbours`"):
        CALLS["knn_accuracy: neighbours"][0](neighbors=2, neighbours=2)


def test_an_option_that_another_package_has_under_such_a_name_stays() -> None:
    assert renamed_options({"grey": 1}, {"grey", "gray"}) == {"grey": 1}
    assert renamed_options({"grey": 1}, {"grey"}) == {"grey": 1}
    assert renamed_options({"grey": 1}, {"flip"}) == {"grey": 1}
    assert renamed_options({"grey": 1, "gray": 2}, {"gray"}) == {"grey": 1, "gray": 2}


def test_a_decorated_function_keeps_its_signature() -> None:
    @renamed_arguments(old="new")
    def plain(x: int, *, new: float = 1.0) -> float:
        """What it does."""
        return x * new

    assert str(signature(plain)) == "(x: 'int', *, new: 'float' = 1.0) -> 'float'"
    assert plain.__doc__ == "What it does."
    with pytest.raises(TypeError, match="unexpected keyword argument 'odl'"):
        plain(3, odl=2.0)  # type: ignore[call-arg]
