"""Evaluation of embeddings with labels: classes, numbers, several labels; paired comparisons."""

from nearfar.probes._accuracies import Majority, balanced_accuracy
from nearfar.probes._folds import cross_validated, held_out_predictions
from nearfar.probes._group_folds import group_folds
from nearfar.probes._held_out_values import held_out_values
from nearfar.probes._knn import KNNProbe, knn_accuracy
from nearfar.probes._knn_values import (
    KNNMultiLabelProbe,
    KNNRegressionProbe,
    knn_average_precision,
    knn_r2,
)
from nearfar.probes._label_shares import share_of_labels
from nearfar.probes._linear import LinearProbe, linear_accuracy
from nearfar.probes._mean_classifier import MeanClassifier, mean_classifier_accuracy
from nearfar.probes._multi_label import LinearMultiLabelProbe, linear_average_precision
from nearfar.probes._paired import (
    PairedDifference,
    paired_accuracy,
    paired_average_precision,
    paired_r2,
)
from nearfar.probes._probe import Probe
from nearfar.probes._ridge import RidgeProbe, ridge_r2
from nearfar.probes._value_probe import MultiLabelProbe, RegressionProbe
from nearfar.probes._value_scores import mean_average_precision, r2_score

__all__ = [
    "KNNMultiLabelProbe",
    "KNNProbe",
    "KNNRegressionProbe",
    "LinearMultiLabelProbe",
    "LinearProbe",
    "Majority",
    "MeanClassifier",
    "MultiLabelProbe",
    "PairedDifference",
    "Probe",
    "RegressionProbe",
    "RidgeProbe",
    "balanced_accuracy",
    "cross_validated",
    "group_folds",
    "held_out_predictions",
    "held_out_values",
    "knn_accuracy",
    "knn_average_precision",
    "knn_r2",
    "linear_accuracy",
    "linear_average_precision",
    "mean_average_precision",
    "mean_classifier_accuracy",
    "paired_accuracy",
    "paired_average_precision",
    "paired_r2",
    "r2_score",
    "ridge_r2",
    "share_of_labels",
]
