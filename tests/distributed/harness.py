"""Run a function in several processes that form a gloo group, and bring its results back."""

from nearfar.testing import run_processes

__all__ = ["run_processes"]
