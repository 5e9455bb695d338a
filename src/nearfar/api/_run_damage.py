"""What is damaged in a run that has not finished, as notes."""

from __future__ import annotations

from nearfar.records import Metrics, RunDirectory
from nearfar.records._metrics_record import metrics_lines
from nearfar.training import Checkpoint

__all__ = ["damage_found"]

_MOST = 5  # numbers of lines in a note


def damage_found(directory: RunDirectory, checkpoint: Checkpoint | None) -> tuple[str, ...]:
    """Notes on damaged checkpoints that are newer, and on lines of metrics that are lost.

    Args:
        directory: The run.
        checkpoint: The newest checkpoint that is whole.
    """
    if checkpoint is None:
        return ()
    said = [f"an older checkpoint is used, as {name} is damaged" for name in checkpoint.skipped]
    file, damaged = directory.metrics, list[int]()
    lines = metrics_lines(file, damaged=damaged) if file.is_file() else []
    if damaged:
        numbers = ", ".join(map(str, damaged[:_MOST])) + (", …" if len(damaged) > _MOST else "")
        said.append(f"damaged lines of {file.name} are left out: {numbers}")
    lost = (
        checkpoint.lines - len(damaged) - len([*Metrics.lines_up_to(lines, step=checkpoint.step)])
    )
    if lost > 0:
        said.append(f"{file.name} lacks {lost:,} of the lines before update {checkpoint.step:,}")
    return tuple(said)
