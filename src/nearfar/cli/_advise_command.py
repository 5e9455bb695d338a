"""``nearfar advise``."""

from __future__ import annotations

from pathlib import Path

from nearfar.cli._console import print_json, print_line
from nearfar.cli._next_commands import after_advice, print_steps

__all__ = ["advise"]

UNKNOWN = "unknown"


def advise(
    *,
    batch_size: int | None = None,
    temperature: float | None = None,
    dim: int | None = None,
    num_negatives: int | None = None,
    classes: int | None = None,
    latent_classes: str = UNKNOWN,
    data: str | None = None,
    run: Path | None = None,
    plot: Path | None = None,
    json: bool = False,
) -> None:
    """Print what theory predicts for a setting, one prediction per line with its formula.

    Args:
        batch_size: Samples per batch; 256 by default.
        temperature: Temperature of the objective; 0.1 by default.
        dim: Dimensions of a projection; 128 by default.
        num_negatives: Keys in a queue; by default the negatives are in-batch.
        classes: Assumed number of equally frequent classes.
        latent_classes: Number of latent classes, or `unknown` to try several numbers.
        data: Training data, to use their number of samples and, if labelled, class frequencies.
        run: Directory of a run, to use its setting and compare its measurements with theory.
        plot: HTML page to write, which plots the bounds against the number of candidates.
        json: Print JSON instead of text.
    """
    from nearfar import api

    if latent_classes != UNKNOWN:
        if classes is not None or not latent_classes.isdecimal():
            raise ValueError(
                "`latent_classes` must be `unknown` or a number, and cannot be combined with"
                f" `classes`, got {latent_classes!r}"
            )
        classes = int(latent_classes)
    advice = api.advise(
        run,
        data=data,
        classes=classes,
        batch_size=batch_size,
        dim=dim,
        temperature=temperature,
        num_negatives=num_negatives,
        plot=plot,
    )
    if json:
        print_json(advice.to_json())
        return
    print_line("setting", advice.setting)
    for line in advice.lines:
        print_line(line.about, f"{line.statement}  [{line.formula}]")
    if plot is not None:
        print_line("saved", str(plot))
    print_steps(after_advice(run))
