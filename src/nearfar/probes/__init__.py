"""Evaluation of embeddings with labels: kNN, linear and mean classifier."""

from nearfar.probes._accuracies import Majority, balanced_accuracy
from nearfar.probes._folds import cross_validated, held_out_predictions
from nearfar.probes._knn import KNNProbe, knn_accuracy
from nearfar.probes._linear import LinearProbe, linear_accuracy
from nearfar.probes._mean_classifier import MeanClassifier, mean_classifier_accuracy
from nearfar.probes._probe import Probe

__all__ = [
    "KNNProbe",
    "LinearProbe",
    "Majority",
    "MeanClassifier",
    "Probe",
    "balanced_accuracy",
    "cross_validated",
    "held_out_predictions",
    "knn_accuracy",
    "linear_accuracy",
    "mean_classifier_accuracy",
]
