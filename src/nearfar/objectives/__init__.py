"""Losses as pure functions, each with a class that remembers its hyper-parameters."""

from nearfar.objectives._alignment import AlignmentLoss, alignment_loss
from nearfar.objectives._alignment_uniformity import (
    AlignmentUniformityLoss,
    alignment_uniformity_loss,
)
from nearfar.objectives._amdim import AMDIMLoss, amdim_loss
from nearfar.objectives._barlow_twins import BarlowTwinsLoss, barlow_twins_loss
from nearfar.objectives._binary_discrimination import (
    BinaryDiscriminationLoss,
    binary_discrimination_loss,
)
from nearfar.objectives._byol import BYOLLoss, byol_loss
from nearfar.objectives._center import CenterLoss, center_loss
from nearfar.objectives._contrastive import ContrastiveLoss, contrastive_loss
from nearfar.objectives._cpc import CPCLoss, cpc_loss
from nearfar.objectives._curl import CURLLoss, curl_loss
from nearfar.objectives._decorrelation import DecorrelationLoss, decorrelation_loss
from nearfar.objectives._deep_infomax import DeepInfomaxLoss, deep_infomax_loss
from nearfar.objectives._donsker_varadhan import DonskerVaradhanLoss, donsker_varadhan_loss
from nearfar.objectives._extra_gradient import (
    ExtraGradientLoss,
    extra_gradient_loss,
    simsiam_extra_gradient,
    triplet_extra_gradient,
)
from nearfar.objectives._info_nce import InfoNCELoss, info_nce_loss
from nearfar.objectives._jensen_shannon import JensenShannonLoss, jensen_shannon_loss
from nearfar.objectives._multi_view import MultiViewLoss, multi_view_loss
from nearfar.objectives._negative_cosine import NegativeCosineLoss, negative_cosine_loss
from nearfar.objectives._nt_logistic import NTLogisticLoss, nt_logistic_loss
from nearfar.objectives._nt_xent import NTXentLoss, nt_xent_loss
from nearfar.objectives._objective import Objective
from nearfar.objectives._pairwise_margin import PairwiseMarginLoss, pairwise_margin_loss
from nearfar.objectives._predictive import (
    ForwardPredictiveLoss,
    InversePredictiveLoss,
    forward_predictive_loss,
    inverse_predictive_loss,
)
from nearfar.objectives._residual import ResidualLoss, residual_loss
from nearfar.objectives._swapped_prediction import SwappedPredictionLoss, swapped_prediction_loss
from nearfar.objectives._triplet import (
    CosineTripletLoss,
    TripletLoss,
    cosine_triplet_loss,
    triplet_loss,
)
from nearfar.objectives._uniformity import UniformityLoss, uniformity_loss
from nearfar.objectives._vicreg import (
    VICRegLoss,
    covariance_term,
    invariance_term,
    variance_term,
    vicreg_loss,
)

__all__ = [
    "AMDIMLoss",
    "AlignmentLoss",
    "AlignmentUniformityLoss",
    "BYOLLoss",
    "BarlowTwinsLoss",
    "BinaryDiscriminationLoss",
    "CPCLoss",
    "CURLLoss",
    "CenterLoss",
    "ContrastiveLoss",
    "CosineTripletLoss",
    "DecorrelationLoss",
    "DeepInfomaxLoss",
    "DonskerVaradhanLoss",
    "ExtraGradientLoss",
    "ForwardPredictiveLoss",
    "InfoNCELoss",
    "InversePredictiveLoss",
    "JensenShannonLoss",
    "MultiViewLoss",
    "NTLogisticLoss",
    "NTXentLoss",
    "NegativeCosineLoss",
    "Objective",
    "PairwiseMarginLoss",
    "ResidualLoss",
    "SwappedPredictionLoss",
    "TripletLoss",
    "UniformityLoss",
    "VICRegLoss",
    "alignment_loss",
    "alignment_uniformity_loss",
    "amdim_loss",
    "barlow_twins_loss",
    "binary_discrimination_loss",
    "byol_loss",
    "center_loss",
    "contrastive_loss",
    "cosine_triplet_loss",
    "covariance_term",
    "cpc_loss",
    "curl_loss",
    "decorrelation_loss",
    "deep_infomax_loss",
    "donsker_varadhan_loss",
    "extra_gradient_loss",
    "forward_predictive_loss",
    "info_nce_loss",
    "invariance_term",
    "inverse_predictive_loss",
    "jensen_shannon_loss",
    "multi_view_loss",
    "negative_cosine_loss",
    "nt_logistic_loss",
    "nt_xent_loss",
    "pairwise_margin_loss",
    "residual_loss",
    "simsiam_extra_gradient",
    "swapped_prediction_loss",
    "triplet_extra_gradient",
    "triplet_loss",
    "uniformity_loss",
    "variance_term",
    "vicreg_loss",
]
