"""Self-supervised pretraining as a scikit-learn estimator: fit, transform, score."""

# ruff: noqa: N803  (scikit-learn calls the samples X)

from __future__ import annotations

import copy
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Self, final

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.utils import check_array, check_random_state
from sklearn.utils.validation import check_is_fitted, validate_data
from torch import Tensor
from torch.utils.data import Dataset

from nearfar.api._division import LEAST_SAMPLES
from nearfar.api._passed_encoders import OwnEncoder
from nearfar.api._pretraining import pretrain
from nearfar.api._run_object import load
from nearfar.api._selection import Score, label_free_score
from nearfar.data import Batch, DataPreview, Source, modality_of, open_source
from nearfar.data._foreign_objects import Taken
from nearfar.data._hub_datasets import is_hub
from nearfar.data._items import kind_of_items, matrix_of_items
from nearfar.data._kinds import as_given, data_for
from nearfar.data._sparse_rows import SparseRows
from nearfar.inputs import View, move
from nearfar.modalities import Modality, modality
from nearfar.modules import EncoderDescription
from nearfar.records import HealthRecord, RunRecord

__all__ = ["SelfSupervisedEncoder"]

_LISTED = ("images", "sequences", "text")  # of lists and tables that scikit-learn cannot check


@final
class SelfSupervisedEncoder(
    ClassNamePrefixFeaturesOutMixin,  # type: ignore[misc]  # scikit-learn has no types
    TransformerMixin,  # type: ignore[misc]
    BaseEstimator,  # type: ignore[misc]
):
    """Pretrain an encoder on unlabelled samples; transform samples into representations.

    A matrix holds vectors (samples × features); an array of three or four axes holds images
    (samples × height × width, with channels last or first). For sequences set `modality`. Labels
    are never used. The fitted encoder depends only on the data, the parameters and `random_state`;
    files are written only to `out`.

    Args:
        method: A preset of ``nearfar.methods``: ``simclr``, ``vicreg``, ``moco_v2``, ``byol``, …
        encoder: Name of an encoder of the modality, ``auto`` for its small encoder, or one of your
            own as for :func:`nearfar.pretrain`; of a module a copy is trained.
        width: Dimensions of the representation of an encoder of your own; measured if not given.
        epochs: Number of epochs; by default chosen from the number of samples.
        batch_size: Samples per batch; by default chosen from the number of samples.
        random_state: Random seed or generator; None for a different result on each call.
        modality: ``vectors``, ``images`` or ``sequences``; inferred from the shape by default.
        method_options: Keyword arguments of the method's preset, such as ``temperature``.
        view_options: Keyword arguments of the modality's views, such as ``mask`` and ``noise``
            (:class:`nearfar.views.VectorViews`).
        options: Further keyword arguments of :func:`nearfar.pretrain`, such as ``learning_rate``
            and ``units``.
        score_by: The measure of :meth:`score`: ``alignment_uniformity``, ``relative_alignment``,
            ``retrieval``, ``effective_rank``, or a function of the representations of two views;
            :func:`nearfar.api.label_free_score` defines them.
        out: Directory for the run and its report; by default nothing is kept on disk.
        verbose: Print the progress of the training.

    Attributes:
        n_features_in_: Number of features; only for vectors.
        feature_names_in_: Names of the features; only if `X` was a data frame.
        encoder_: The trained module, in evaluation mode, on the CPU.
        description_: The encoder's architecture and the form of its inputs.
        health_: The verdict, obtained without labels.
        record_: The record of the run: method, views, numbers, notes.

    Raises:
        ValueError: An invalid parameter or invalid data; the message says what was expected.

    Example:
        >>> from sklearn.datasets import load_digits
        >>> X = load_digits().data
        >>> model = SelfSupervisedEncoder("simclr", epochs=2, random_state=0)
        >>> model.fit_transform(X).shape, model.health_.verdict
        ((1797, 256), 'not yet')
    """

    def __init__(
        self,
        method: str = "simclr",
        *,
        encoder: OwnEncoder = "auto",
        width: int | None = None,
        epochs: int | None = None,
        batch_size: int | None = None,
        random_state: Any = None,
        modality: str | Modality[Any, Any] | None = None,
        method_options: Mapping[str, Any] | None = None,
        view_options: Mapping[str, Any] | None = None,
        options: Mapping[str, Any] | None = None,
        score_by: str | Score = "alignment_uniformity",
        out: str | Path | None = None,
        verbose: bool = False,
    ) -> None:
        self.method = method
        self.encoder = encoder
        self.width = width
        self.epochs = epochs
        self.batch_size = batch_size
        self.random_state = random_state
        self.modality = modality
        self.method_options = method_options
        self.view_options = view_options
        self.options = options
        self.score_by = score_by
        self.out = out
        self.verbose = verbose

    def fit(self, X: Any, y: Any = None) -> Self:
        """Pretrain an encoder and determine its verdict.

        Args:
            X: Unlabelled samples.
            y: Ignored.
        """
        data, kind = self._validated(X, fitting=True)
        seed = int(check_random_state(self.random_state).randint(np.iinfo(np.int32).max))
        specified = {"epochs": self.epochs, "batch_size": self.batch_size}
        specified = {name: value for name, value in specified.items() if value is not None}
        # training reseeds the global random generator at each step
        with torch.random.fork_rng(), tempfile.TemporaryDirectory(prefix="nearfar-") as temporary:
            run = pretrain(
                self.method,
                data,
                modality=kind,
                encoder=copy.deepcopy(self.encoder),
                width=self.width,
                out=self.out or Path(temporary) / "run",
                method_options=self.method_options,
                view_options=self.view_options,
                progress=self.verbose,
                seed=seed,
                **specified | dict(self.options or {}),
            )
            own = None if isinstance(self.encoder, str) else copy.deepcopy(self.encoder)
            run = load(run.path, encoder=own, modality=kind)
            self.encoder_ = run.encoder
            self.description_: EncoderDescription[Any] = run.description
            self._kind = run.kind
            self.health_: HealthRecord = run.health
            self.record_: RunRecord = run.record
            self._opening = run.opening()
        return self

    def transform(self, X: Any) -> NDArray[Any]:
        """The representations of samples, one row per sample.

        Args:
            X: Samples of the same modality as in :meth:`fit`.

        Returns:
            An array (samples × width), float64 if `X` is float64, else float32.
        """
        check_is_fitted(self)
        data, _ = self._validated(X, fitting=False)
        views = self._kind.plain(self.description_.form)
        rows = self._encoded(views.plain(batch.inputs) for batch in self._batches(data))
        double = getattr(data, "dtype", None) == np.float64
        return rows.numpy().astype(np.float64 if double else np.float32, copy=False)

    def score(self, X: Any, y: Any = None) -> float:
        """Label-free quality of the representations of these samples; higher is better.

        Two views of each sample are generated in the same way for every estimator, whatever its
        `view_options`, so that scores of different view settings can be compared.

        Args:
            X: At least 2 samples, preferably held out from training.
            y: Ignored.
        """
        check_is_fitted(self)
        data, _ = self._validated(X, fitting=False)
        views = self._kind.two_views(self.description_.form)
        shown = [views(b.inputs, b.samples, seed=0, epoch=0) for b in self._batches(data)]
        first, second = (self._encoded(view) for view in zip(*shown, strict=True))
        return label_free_score(first, second, by=self.score_by)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        tags.input_tags.three_d_array = True
        tags.input_tags.sparse = self.modality in (None, "vectors")
        return tags

    @property
    def _n_features_out(self) -> int:  # scikit-learn derives the output feature names from it
        return self.description_.width

    def _validated(self, X: Any, *, fitting: bool) -> tuple[Any, Modality[Any, Any]]:
        """The samples after scikit-learn's validation, and their modality."""
        data = data_for(X, self.modality if fitting else self._kind.data, argument="X")
        held = as_given(data)
        if isinstance(held, SparseRows):
            data = held.matrix  # which scikit-learn knows
        elif kind_of_items(held) == "vectors":
            data, _ = matrix_of_items(held)
        listed = isinstance(data, (Taken, Dataset)) or is_hub(data)
        listed = listed or DataPreview(as_given(data)).kind_of_items in _LISTED
        if fitting:
            known = self.modality or (data.modality if isinstance(data, Source) else None)
            known = known or (modality_of(data) if listed else None)
            kind = modality(known or ("images" if getattr(data, "ndim", 2) > 2 else "vectors"))
        else:
            kind = self._kind
        if isinstance(data, Source) or listed or not kind.arrays:
            return data, kind
        rules: dict[str, Any] = {"ensure_min_samples": LEAST_SAMPLES if fitting else 1}
        rules["accept_sparse"] = "csr" if kind.name == "vectors" else False
        if kind.precise:
            rules["dtype"] = [np.float64, np.float32]
            return validate_data(self, data, reset=fitting, **rules), kind
        # the source checks the values: trailing NaN mark the end of a sequence
        rules |= {"dtype": None, "ensure_2d": False, "allow_nd": True, "ensure_all_finite": False}
        return check_array(data, **rules), kind

    def _batches(self, data: Any) -> Iterator[Batch]:
        """Batches of new samples, loaded with the options of the fitted ones."""
        kind = self._kind
        source = open_source(data, modality=kind.data, **self._opening)
        kind.check(source, self.description_.form)
        shape = getattr(data, "shape", ())
        count = shape[0] if shape else len(data) if hasattr(data, "__len__") else len(source)
        if len(source) != count:
            raise ValueError(
                f"`X` must give one row per sample: {source.name} has turned {count:,} samples"
                f" into {len(source):,} ({'; '.join(source.notes)})"
            )
        yield from source.chunks()

    @torch.no_grad()
    def _encoded(self, views: Iterable[View]) -> Tensor:
        """Representations of views as one matrix."""
        encoder, precision = self.encoder_, None
        if self._kind.precise:
            # in single precision the last digit of a row depends on the batch size
            encoder, precision = copy.deepcopy(encoder).double(), torch.float64
        return torch.cat([encoder(move(view, "cpu", precision)) for view in views])
