"""Diagnostics and the verdict inside training loops of other libraries."""

from nearfar.monitor._monitor import Monitor

__all__ = ["Monitor"]
