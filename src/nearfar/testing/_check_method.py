"""All checks of methods."""

from __future__ import annotations

from nearfar.testing._check import listing, running
from nearfar.testing._method_contract import MethodContract
from nearfar.testing._method_steps import STEP_PROMISES
from nearfar.testing._method_training import TRAINING_PROMISES

__all__ = ["METHOD_PROMISES", "check_method", "method_checks"]

METHOD_PROMISES = (*STEP_PROMISES, *TRAINING_PROMISES)

method_checks = listing("method_checks", MethodContract, METHOD_PROMISES)
check_method = running(
    "check_method",
    MethodContract,
    METHOD_PROMISES,
    summary="Check the required properties of a method; AssertionError at the first violation.",
)
