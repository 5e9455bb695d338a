"""How good embeddings are, with labels: the only place in the package that takes any."""

from nearfar.probes.folds import cross_validated
from nearfar.probes.knn import KNNProbe, knn_accuracy
from nearfar.probes.linear import LinearProbe, linear_accuracy
from nearfar.probes.mean_classifier import MeanClassifier, mean_classifier_accuracy
from nearfar.probes.probe import Probe

__all__ = [
    "KNNProbe",
    "LinearProbe",
    "MeanClassifier",
    "Probe",
    "cross_validated",
    "knn_accuracy",
    "linear_accuracy",
    "mean_classifier_accuracy",
]
