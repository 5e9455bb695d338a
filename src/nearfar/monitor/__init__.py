"""Diagnostics and the verdict in training loops of other libraries."""

from nearfar.monitor._lightning_callback import lightning_callback
from nearfar.monitor._monitor import Monitor
from nearfar.monitor._torchmetrics_metric import metric_of
from nearfar.monitor._trainer_callback import trainer_callback

__all__ = ["Monitor", "lightning_callback", "metric_of", "trainer_callback"]
