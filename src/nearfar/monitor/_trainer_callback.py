"""A monitor as a callback of the trainers of transformers and sentence-transformers."""

from __future__ import annotations

from collections.abc import Collection
from functools import cache
from typing import TYPE_CHECKING, Any

from nearfar.monitor._installed import installed
from nearfar.monitor._monitor import Monitor
from nearfar.monitor._periodic_verdict import PeriodicVerdict
from nearfar.monitor._tapped_module import Outputs, TappedModule

if TYPE_CHECKING:
    from transformers import TrainerCallback

__all__ = ["trainer_callback"]


def trainer_callback(
    monitor: Monitor | None = None,
    *,
    module: str = "",
    outputs: Outputs = None,
    joined: bool = False,
    stop_on: Collection[str] = (),
    patience: int = 2,
) -> TrainerCallback:
    """A ``TrainerCallback`` that judges during training, for ``Trainer(callbacks=[...])``.

    Also for ``SentenceTransformerTrainer``, whose losses embed the columns of a batch one after the
    other: the first two are the views. Measurements are entries ``nearfar/NAME`` of
    ``trainer.state.log_history``, and go with the trainer's next log to the callbacks after this
    one; the last record is ``callback.record``. The loss, if the monitor has a `chance`, is the
    last that the trainer has logged.

    Args:
        monitor: The monitor; by default one with its defaults.
        module: Name of the submodule whose outputs are the embeddings; by default the model.
        outputs: Name of the embeddings in its output, or the names of those of both views; by
            default the output itself, its ``sentence_embedding`` or its ``pooler_output``.
        joined: Whether the rows of both views follow each other in one output.
        stop_on: Verdicts that end training.
        patience: Number of successive records with such a verdict that do.

    Raises:
        ImportError: transformers is not installed.

    Example:
        .. code-block:: python

            trainer = SentenceTransformerTrainer(
                model, args, pairs, loss=loss, callbacks=[trainer_callback()]
            )
            trainer.train()
    """
    verdicts = PeriodicVerdict(monitor, stop_on=stop_on, patience=patience)
    made: TrainerCallback = _class()(verdicts, module, outputs, joined)
    return made


@cache
def _class() -> Any:
    base = installed("transformers", extra="transformers").TrainerCallback
    return type("MonitorCallback", (_Hooks, base), {"__module__": __name__})


class _Hooks:
    """What the callback does on which event."""

    def __init__(
        self, verdicts: PeriodicVerdict, module: str, outputs: Outputs, joined: bool
    ) -> None:
        self.verdicts, self._module = verdicts, module
        self._outputs, self._joined = outputs, joined
        self._tapped: TappedModule | None = None
        self._loss: float | None = None
        self._epoch = 0
        self._logged: dict[str, float] = {}

    @property
    def monitor(self) -> Monitor:
        """The monitor."""
        return self.verdicts.monitor

    @property
    def record(self) -> Any:
        """The last record; None before the first."""
        return self.verdicts.record

    def on_train_begin(self, args: Any, state: Any, control: Any, **others: Any) -> None:
        """Read the outputs of the module from now on."""
        self._tapped = TappedModule(
            others["model"], self._module, self._outputs, joined=self._joined
        )

    def on_epoch_begin(self, args: Any, state: Any, control: Any, **others: Any) -> None:
        """Count the epochs."""
        self._epoch += 1

    def on_substep_end(self, args: Any, state: Any, control: Any, **others: Any) -> None:
        """Add the embeddings of a batch whose gradient is accumulated."""
        views = self._tapped.take() if self._tapped is not None else None
        if views is not None:
            self.monitor.update(*views, loss=self._loss, epoch=self._epoch)

    def on_step_end(self, args: Any, state: Any, control: Any, **others: Any) -> None:
        """Add the embeddings of a batch, and judge if a record is due."""
        self.on_substep_end(args, state, control)
        self._log(state, self.verdicts.values())
        control.should_training_stop = control.should_training_stop or self.verdicts.stop

    def on_train_end(self, args: Any, state: Any, control: Any, **others: Any) -> None:
        """Judge the latest embeddings."""
        self._log(state, self.verdicts.values(last=True))
        if self._tapped is not None:
            self._tapped.remove()
            self._tapped = None

    def on_log(self, args: Any, state: Any, control: Any, logs: Any = None, **others: Any) -> None:
        """Hand the last measurements to the callbacks after this one, and read the loss."""
        logs = {} if logs is None else logs
        self._loss = logs.get("loss", self._loss)
        logs.update(self._logged)
        self._logged = {}

    def _log(self, state: Any, values: dict[str, float]) -> None:
        if values:
            state.log_history.append({**values, "epoch": state.epoch, "step": state.global_step})
            self._logged = values
