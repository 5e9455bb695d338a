"""Baselines of a study: raw features, and the untrained encoder."""

from __future__ import annotations

import torch

from nearfar.data import Subset
from nearfar.diagnostics import health
from nearfar.records import HealthRecord
from nearfar.studies._cell_samples import Samples
from nearfar.studies._embeddings_of_run import Embeddings
from nearfar.studies._training_settings import RAW, TrainingSettings

__all__ = ["baseline_embeddings"]

_WATCHED = 256


def baseline_embeddings(cell: TrainingSettings, samples: Samples) -> tuple[Embeddings, str]:
    """The embeddings of a baseline, and the name of the features or of the encoder.

    The untrained encoder is judged on its representations of the modality's two views of test
    samples.
    """
    form = samples.form(seed=cell.seed)
    kind = samples.kind
    views = samples.plain_views(form)
    if cell.method == RAW:
        name, fitted = kind.raw(samples.fitted, form)
        tests = kind.raw(samples.test, form)[1]
        embeddings = Embeddings(
            samples,
            encoder=None,
            views=views,
            pairs=None,
            method=None,
            judge=None,
            seed=cell.seed,
            features=(fitted.float(), tests.float()),
        )
        return embeddings, name
    encoder = kind.encoder if cell.encoder == "auto" else cell.encoder
    module, name = samples.new_encoder(encoder, form=form, seed=cell.seed)
    pairs = kind.two_views(form)

    @torch.no_grad()
    def judge() -> HealthRecord:
        watched = Subset(samples.test, range(min(_WATCHED, len(samples.test))))
        batch = watched.read(range(len(watched)))
        module.eval()
        shown = pairs(batch.inputs, batch.samples, seed=cell.seed, epoch=0)
        h1, h2 = (module(view).float() for view in shown[:2])
        return health(h1, h2, representations=h1)

    embeddings = Embeddings(
        samples,
        encoder=module,
        views=views,
        pairs=pairs,
        method=None,
        judge=judge,
        seed=cell.seed,
    )
    return embeddings, name
