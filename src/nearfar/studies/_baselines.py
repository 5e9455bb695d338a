"""Baselines of a study: raw pixels, and the untrained encoder."""

from __future__ import annotations

import torch

from nearfar.data import Subset
from nearfar.diagnostics import measurements
from nearfar.modalities import modality
from nearfar.studies._study_probes import accuracies, probed
from nearfar.studies._study_samples import Samples

__all__ = ["BASELINES", "RAW", "SUPERVISED", "UNTRAINED", "raw_pixels", "untrained_encoder"]

RAW, UNTRAINED, SUPERVISED = "raw pixels", "untrained", "supervised"
BASELINES = (RAW, UNTRAINED, SUPERVISED)
_WATCHED = 256


def raw_pixels(samples: Samples) -> tuple[dict[str, float], str]:
    """Accuracies of the probes on raw features, and the name of these features."""
    kind = modality("images")
    form = kind.form(samples.train, kind.options(), seed=0)
    name, fitted = kind.raw(samples.fitted, form)
    return accuracies(fitted, kind.raw(samples.test, form)[1], samples), name


def untrained_encoder(samples: Samples, *, encoder: str, seed: int) -> tuple[dict[str, float], str]:
    """Accuracies and measurements of the encoder at initialisation, and the encoder's name.

    Alignment, uniformity etc. are measured on its representations of two of SimCLR's views.
    """
    kind = modality("images")
    options = kind.options()
    form = kind.form(samples.train, options, seed=seed)
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        module, description = kind.build_encoder(encoder, form, options)
    values = probed(module, kind.plain(form), samples)
    watched = Subset(samples.test, range(min(_WATCHED, len(samples.test))))
    batch = watched.read(range(len(watched)))
    views = kind.two_views(form)(batch.inputs, batch.samples, seed=seed, epoch=0)
    module.eval()
    with torch.no_grad():
        h1, h2 = (module(view) for view in views)
    return values | measurements(h1, h2), description.name
