"""Columns that many studies have: accuracies of probes, label-free measurements, cost."""

from __future__ import annotations

from nearfar.records import Column

__all__ = ["COST_COLUMNS", "HEALTH_COLUMNS", "PROBE_COLUMNS"]

PROBE_COLUMNS = (
    Column("knn", "kNN", "percent", "test accuracy of 20 nearest neighbours"),
    Column("linear", "linear", "percent", "test accuracy of a linear probe"),
    Column("mean_classifier", "mean", "percent", "test accuracy of the mean classifier"),
)
"""Accuracies of the probes on representations."""

HEALTH_COLUMNS = (
    Column("alignment", "align", "number", "mean squared distance of two views on the sphere"),
    Column("uniformity", "uniform", "number", "log mean Gaussian potential, lower is better"),
    Column("m_o", "m_o", "number", "length of the mean unit projection"),
    Column("m_r", "m_r", "number", "mean length of the residuals"),
    Column("effective_rank", "rank", "number", "effective rank of the projections"),
    Column("verdict", "verdict", "words", "label-free verdict of each seed"),
)
"""Label-free measurements of the projections of held-out samples, and the verdict."""

COST_COLUMNS = (
    Column("seconds", "seconds", "seconds", "wall-clock time of training"),
    Column("cpu_seconds", "CPU s", "seconds", "CPU time of training, summed over cores"),
    Column("peak_memory", "memory", "bytes", "peak memory of the GPU or of the process"),
)
"""Cost of the training."""
