"""Two views of samples under a run's method, embedded."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from nearfar.api._embedding import row_names
from nearfar.api._method_listing import method_class
from nearfar.api._origin import Origin, origin_of
from nearfar.api._setup import Setup
from nearfar.api._stored_run import StoredRun
from nearfar.data import Source
from nearfar.diagnostics._course import known_of_run
from nearfar.inputs import View, count
from nearfar.methods import Method
from nearfar.modalities import Form, Modality
from nearfar.training import Engine, Watch
from nearfar.training._devices import find_device

__all__ = ["TWO_VIEWS", "EmbeddedViews", "embed_views"]

TWO_VIEWS = "two views"
"""The output of a run that a file of two views remembers."""
_Matrices = dict[str, Tensor]


@dataclass(frozen=True, eq=False, repr=False)
class EmbeddedViews:
    """Two views of the same samples, as :func:`nearfar.diagnose` takes them.

    Attributes:
        matrices: Matrices (samples × dim) by name: projections ``z1`` and ``z2``, representations
            ``h1`` and ``h2`` and, if the modality has them, raw features ``raw1`` and ``raw2``.
        ids: Name of each row.
        notes: Notes on the data.
        origin: The run.
    """

    matrices: Mapping[str, NDArray[np.float32]]
    ids: tuple[str, ...]
    notes: tuple[str, ...]
    origin: Origin

    def __getitem__(self, name: str) -> NDArray[np.float32]:
        """A matrix by name."""
        return self.matrices[name]

    def __repr__(self) -> str:
        """The matrices with their widths."""
        held = ", ".join(f"{name} {rows.shape[1]:,}" for name, rows in self.matrices.items())
        return f"<two views of {len(self.ids):,} samples: {held}>"


def embed_views(
    run: StoredRun, data: Any = None, *, device: str | None = None, **options: Any
) -> EmbeddedViews:
    """Two views of the run's watched samples, or of other data.

    The views are those of the run's own verdict: views of the method's kind from the run's seed.

    Args:
        run: The run, with its last checkpoint and its data.
        data: Other data of the run's modality.
        device: Where to compute; the CPU by default.
        options: Options for loading the data, if different from the run's.

    Raises:
        ValueError: A run without a checkpoint, or data of another modality.
        FileNotFoundError: The run's data are no longer where they were.
    """
    setup, method = run.prepared, _trained(run)
    engine = Engine(devices=1, precision="32", device=str(find_device(device or "cpu")))
    method.to(engine.device)
    if data is None:
        source: Source = setup.watched
        batches: Iterable[tuple[View, ...]] = [setup.watched_views()]
        about = f"two views of the {len(source):,} samples that the run held out"
    else:
        source = run.open_whole(data, **options)
        batches = _views_of(setup, source)
        about = f"two views of {source.describe()}"
    parts = [_embedded(views, setup.kind, setup.form, method, engine) for views in batches]
    matrices, said = _joined(parts, kind=setup.kind.name)
    origin = origin_of(
        run.directory, output=TWO_VIEWS, data=source.name, checkpoint=run.checkpoint_step
    )
    if data is None:
        known = run.health.measurements
        origin = replace(
            origin,
            loss=known.get("loss"),
            chance=known.get("chance"),
            course=known_of_run(known),
            modality=setup.kind.name,
        )
    notes = (about, *said, *run.state_notes, *source.notes)
    return EmbeddedViews(
        matrices,
        row_names(source),
        tuple(dict.fromkeys(notes)),
        replace(origin, positives=type(method).positives),
    )


def _trained(run: StoredRun) -> Method:
    """The method with its heads, from the checkpoint of the run's encoder."""
    method = run.prepared.method
    run.with_heads.restore_method(method)
    return method


def _views_of(setup: Setup, source: Source) -> Iterator[tuple[View, ...]]:
    """Two views of each chunk of other data, as of the watched samples."""
    positives = method_class(setup.preset).positives
    views = setup.views if positives else setup.kind.two_views(setup.form)
    seed = setup.recipe.training.seed
    for batch in source.chunks():
        yield views(batch.inputs, batch.samples, seed=seed, epoch=0)


def _embedded(
    views: tuple[View, ...],
    kind: Modality[Any, Any],
    form: Form,
    method: Method,
    engine: Engine,
) -> _Matrices:
    """The matrices of one batch of views, by name."""
    one, other = views[:2]
    found: _Matrices = Watch((one, other)).project(method, engine)._asdict()
    raw = [_raw_features(kind, view, form) for view in (one, other)]
    if raw[0] is not None and raw[1] is not None:
        found |= {"raw1": raw[0], "raw2": raw[1]}
    return {name: rows.detach().float().cpu() for name, rows in found.items()}


def _raw_features(kind: Modality[Any, Any], view: View, form: Form) -> Tensor | None:
    """The raw features of a view; None where the modality has none of a view.

    None too where they find the other view in any case, which would be no sign of a shortcut.
    """
    found = None if kind.recognizable else kind.view_features(view, form)
    return found if found is not None and len(found) == count(view) else None


def _joined(
    parts: list[_Matrices], *, kind: str
) -> tuple[dict[str, NDArray[np.float32]], tuple[str, ...]]:
    """The matrices of all batches; raw features are left out if their columns differ."""
    names, notes = list(parts[0]), []
    for name in ("raw1", "raw2"):
        if len({part[name].shape[1] if name in part else -1 for part in parts}) > 1:
            names = [other for other in names if not other.startswith("raw")]
    if "raw1" not in names:
        notes.append(f"no raw features: {kind} has none of a view")
    joined = {name: torch.cat([part[name] for part in parts]).numpy() for name in names}
    return joined, tuple(notes)
