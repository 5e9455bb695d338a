"""The papers' theorems as functions: exact values, assumptions, and where a bound is vacuous."""

from typing import TYPE_CHECKING

from nearfar._deprecation import renamed_attributes
from nearfar.theory._bayes_error import (
    ErrorInterval,
    bayes_error,
    bayes_error_bound,
    estimation_error,
    supervised_relative_bounds,
)
from nearfar.theory._bound_curves import bound_curves
from nearfar.theory._collapse_rates import (
    CollapseRates,
    center_rates,
    collapse_rates,
    decorrelation_rates,
    residual_rates,
)
from nearfar.theory._collision_term import CollisionTerm, collision_term_bound
from nearfar.theory._collisions import (
    collision_probability,
    expected_log_collisions,
    log_no_collision,
)
from nearfar.theory._configurations import (
    batch_contrastive_minimum,
    cross_polytope,
    few_point_minimum,
    regular_polygon,
    simplex,
)
from nearfar.theory._contrastive_deviation import (
    Deviation,
    contrastive_deviation,
    contrastive_deviation_bound,
)
from nearfar.theory._contrastive_limit import ContrastiveLimit, contrastive_limit
from nearfar.theory._coupon_bound import (
    CouponBound,
    coupon_lower_bound,
    coupon_supervised_bound,
)
from nearfar.theory._coupon_collector import (
    coupon_collector_bounds,
    coupon_collector_probability,
    log_coupon_collector_probability,
)
from nearfar.theory._curl_bound import CURLBound, curl_lower_bound, curl_supervised_bound
from nearfar.theory._curl_surrogate_bound import CURLSurrogateBound, curl_surrogate_bound
from nearfar.theory._decentering import (
    DecenteringCurve,
    DecorrelationCurve,
    decentering_curve,
    decorrelation_cosines,
    decorrelation_curve,
)
from nearfar.theory._draws import draws_for_coverage, expected_draws
from nearfar.theory._gaussian_potential import (
    gaussian_potential,
    uniformity_floor,
    uniformity_minimum,
    with_self_pairs,
    without_self_pairs,
)
from nearfar.theory._gradient_components import (
    Components,
    GradientComponents,
    center_and_residual,
    gradient_components,
    loss_components,
    tangent,
)
from nearfar.theory._gradient_identities import (
    info_nce_extra_gradient,
    info_nce_negative_gradient,
    simsiam_extra_gradient,
    simsiam_negative_gradient,
    triplet_extra_gradient,
    triplet_negative_gradient,
)
from nearfar.theory._inequality_chain import InequalityChain
from nearfar.theory._information_bounds import (
    donsker_varadhan_information,
    info_nce_information,
    information_ceiling,
    jensen_shannon_information,
    nwj_information,
)
from nearfar.theory._information_estimate import (
    InformationEstimate,
    SeparableCritic,
    estimate_information,
)
from nearfar.theory._mean_classifier_bounds import ContrastiveLowerBound, SupervisedBound
from nearfar.theory._multi_view_information import (
    MultiViewInformation,
    RepresentationInformation,
    multi_view_information,
    representation_information,
)
from nearfar.theory._multi_view_theorems import (
    bayes_error_chain,
    compression_chain,
    supervised_relative_chain,
    task_information_chain,
)
from nearfar.theory._pac_bayes import pac_bayes_bound, pac_bayes_dependent_bound
from nearfar.theory._perfect_loss import perfect_contrastive_loss, single_negative_minimum
from nearfar.theory._predictions import advise
from nearfar.theory._sufficient_representations import (
    is_sufficient,
    minimal_sufficient_representation,
)
from nearfar.theory._von_mises_fisher import (
    kernel_entropy,
    sphere_log_area,
    von_mises_fisher_log_normalizer,
)

__all__ = [
    "CURLBound",
    "CURLSurrogateBound",
    "CollapseRates",
    "CollisionTerm",
    "Components",
    "ContrastiveLimit",
    "ContrastiveLowerBound",
    "CouponBound",
    "DecenteringCurve",
    "DecorrelationCurve",
    "Deviation",
    "ErrorInterval",
    "GradientComponents",
    "InequalityChain",
    "InformationEstimate",
    "MultiViewInformation",
    "RepresentationInformation",
    "SeparableCritic",
    "SupervisedBound",
    "advise",
    "batch_contrastive_minimum",
    "bayes_error",
    "bayes_error_bound",
    "bayes_error_chain",
    "bound_curves",
    "center_and_residual",
    "center_rates",
    "collapse_rates",
    "collision_probability",
    "collision_term_bound",
    "compression_chain",
    "contrastive_deviation",
    "contrastive_deviation_bound",
    "contrastive_limit",
    "coupon_collector_bounds",
    "coupon_collector_probability",
    "coupon_lower_bound",
    "coupon_supervised_bound",
    "cross_polytope",
    "curl_lower_bound",
    "curl_supervised_bound",
    "curl_surrogate_bound",
    "decentering_curve",
    "decorrelation_cosines",
    "decorrelation_curve",
    "decorrelation_rates",
    "donsker_varadhan_information",
    "draws_for_coverage",
    "estimate_information",
    "estimation_error",
    "expected_draws",
    "expected_log_collisions",
    "few_point_minimum",
    "gaussian_potential",
    "gradient_components",
    "info_nce_extra_gradient",
    "info_nce_information",
    "info_nce_negative_gradient",
    "information_ceiling",
    "is_sufficient",
    "jensen_shannon_information",
    "kernel_entropy",
    "log_coupon_collector_probability",
    "log_no_collision",
    "loss_components",
    "minimal_sufficient_representation",
    "multi_view_information",
    "nwj_information",
    "pac_bayes_bound",
    "pac_bayes_dependent_bound",
    "perfect_contrastive_loss",
    "regular_polygon",
    "representation_information",
    "residual_rates",
    "simplex",
    "simsiam_extra_gradient",
    "simsiam_negative_gradient",
    "single_negative_minimum",
    "sphere_log_area",
    "supervised_relative_bounds",
    "supervised_relative_chain",
    "tangent",
    "task_information_chain",
    "triplet_extra_gradient",
    "triplet_negative_gradient",
    "uniformity_floor",
    "uniformity_minimum",
    "von_mises_fisher_log_normalizer",
    "with_self_pairs",
    "without_self_pairs",
]

if not TYPE_CHECKING:  # names of 0.1, for one release
    __getattr__ = renamed_attributes(
        __name__,
        DecentringCurve="DecenteringCurve",
        decentring_curve="decentering_curve",
        von_mises_fisher_log_normaliser="von_mises_fisher_log_normalizer",
    )
