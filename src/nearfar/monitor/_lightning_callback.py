"""A monitor as a callback of Lightning."""

from __future__ import annotations

import sys
from collections.abc import Collection, Mapping
from functools import cache
from typing import Any

from torch import Tensor

from nearfar.monitor._installed import installed
from nearfar.monitor._monitor import Monitor
from nearfar.monitor._periodic_verdict import PeriodicVerdict
from nearfar.monitor._tapped_module import Outputs, TappedModule, views_in

__all__ = ["lightning_callback"]

_PACKAGES = ("lightning.pytorch", "pytorch_lightning")


def lightning_callback(
    monitor: Monitor | None = None,
    *,
    module: str | None = None,
    outputs: Outputs = ("z1", "z2"),
    joined: bool = False,
    stop_on: Collection[str] = (),
    patience: int = 2,
) -> Any:
    """A Lightning ``Callback`` that judges during training, for ``Trainer(callbacks=[...])``.

    Measurements go to the trainer's loggers and to ``trainer.callback_metrics`` as
    ``nearfar/NAME`` whenever a record is due and at the end of training; the last record is
    ``callback.record``. It is a callback of the package that is imported, ``lightning`` or
    ``pytorch_lightning``, and of both if both are.

    Args:
        monitor: The monitor; by default one with its defaults.
        module: Name of the submodule whose outputs are the embeddings; by default they are what
            ``training_step`` returns.
        outputs: Names of the embeddings of both views, or of one, in what ``training_step`` or the
            submodule returns; None if the submodule returns the embeddings themselves, of one view
            per pass.
        joined: Whether the rows of both views follow each other in one output of the submodule.
        stop_on: Verdicts that end training.
        patience: Number of successive records with such a verdict that do.

    Raises:
        ImportError: Lightning is not installed.

    Example:
        .. code-block:: python

            def training_step(self, batch, index):
                z1, z2 = map(self.network, batch)
                loss = nt_xent_loss(z1, z2, temperature=0.2)
                return {"loss": loss, "z1": z1, "z2": z2}


            trainer = lightning.Trainer(callbacks=[lightning_callback()])
    """
    verdicts = PeriodicVerdict(monitor, stop_on=stop_on, patience=patience)
    return _class_for(_packages())(verdicts, module, outputs, joined)


def _packages() -> tuple[str, ...]:
    """The packages that are imported; the first that is installed if none is."""
    found = tuple(package for package in _PACKAGES if package in sys.modules)
    for package in () if found else _PACKAGES:
        try:
            installed(package, extra="lightning")
        except ImportError:
            continue
        return (package,)
    return found or (_PACKAGES[0],)


@cache
def _class_for(packages: tuple[str, ...]) -> Any:
    bases = [installed(package, extra="lightning").Callback for package in packages]
    return type("MonitorCallback", (_Hooks, *bases), {"__module__": __name__})


class _Hooks:
    """What the callback does on which event."""

    def __init__(
        self, verdicts: PeriodicVerdict, module: str | None, outputs: Outputs, joined: bool
    ) -> None:
        self.verdicts, self._module = verdicts, module
        self._outputs, self._joined = outputs, joined
        self._tapped: TappedModule | None = None

    @property
    def monitor(self) -> Monitor:
        """The monitor."""
        return self.verdicts.monitor

    @property
    def record(self) -> Any:
        """The last record; None before the first."""
        return self.verdicts.record

    def on_train_start(self, trainer: Any, pl_module: Any) -> None:
        """Read the outputs of the submodule from now on."""
        if self._module is not None:
            self._tapped = TappedModule(pl_module, self._module, self._outputs, joined=self._joined)

    def on_train_batch_end(
        self, trainer: Any, pl_module: Any, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Add the embeddings of the batch, and judge if a record is due."""
        views = views_in(outputs, self._outputs) if self._tapped is None else self._tapped.take()
        if views is None:
            return
        loss = _loss(outputs, trainer.accumulate_grad_batches)
        self.monitor.update(*views, loss=loss, epoch=trainer.current_epoch)
        values = self.verdicts.values()
        if values:
            pl_module.log_dict(values, logger=False)
            self._log(trainer, values)
        trainer.should_stop = trainer.should_stop or self.verdicts.stop

    def on_train_end(self, trainer: Any, pl_module: Any) -> None:
        """Judge the latest embeddings."""
        self._log(trainer, self.verdicts.values(last=True))
        if self._tapped is not None:
            self._tapped.remove()
            self._tapped = None

    def _log(self, trainer: Any, values: dict[str, float]) -> None:
        for logger in trainer.loggers if values else ():
            logger.log_metrics(values, step=trainer.global_step)


def _loss(outputs: Any, parts: int) -> Tensor | None:
    """The loss of a batch; Lightning has divided it by the number of accumulated batches."""
    loss = outputs.get("loss") if isinstance(outputs, Mapping) else outputs
    return loss * parts if isinstance(loss, Tensor) else None
