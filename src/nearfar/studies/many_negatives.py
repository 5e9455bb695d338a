"""The limit of infinitely many negatives, its minimum, and the points that attain it.

Wang and Isola: the contrastive loss minus ln M tends to its limit at least as M^-1/2, and points
of least energy spread evenly. For a perfect encoder the loss is computed exactly, for any M.
"""

from __future__ import annotations

from dataclasses import dataclass

from nearfar import studies
from nearfar.records import Column
from nearfar.studies import Claim, ComputeCell, Largest, Level, Row
from nearfar.studies import _limit_values as limits

__all__ = ["STUDY", "Config"]

_SAMPLED = "noisy views, τ = 0.5"
_FAR = "perfect, m = 128, τ = 0.1"


@dataclass(frozen=True, kw_only=True)
class Config:
    """Dimensions, temperatures, numbers of points.

    Args:
        dims: Dimensions.
        temperatures: Temperatures of the perfect encoder.
        samples: Number of uniform points, a power of 4.
        circle: Numbers of points spread on the circle.
        sphere: Numbers of points spread on the sphere.
        seeds: Number of seeds.
    """

    dims: tuple[int, ...] = (2, 128)
    temperatures: tuple[float, ...] = (0.1, 0.5, 1.0)
    samples: int = 4_096
    circle: tuple[int, ...] = (5, 8, 12)
    sphere: tuple[int, ...] = (4, 6, 12, 50)
    seeds: int = 5


def _named(config: Config) -> dict[str, dict[str, ComputeCell]]:
    """The cells of each sort, by the names of their rows."""
    uniform, perfect, spread = limits.uniform_excess, limits.perfect_distance, limits.spread_points
    return {
        "uniform": {
            f"uniform, m = {m}": ComputeCell(uniform, {"dim": m, "most": config.samples})
            for m in config.dims
        },
        "perfect": {
            f"perfect, m = {m}, τ = {t:g}": ComputeCell(
                perfect, {"dim": m, "temperature": t}, version=3
            )
            for m in config.dims
            for t in config.temperatures
        },
        "sampled": {
            _SAMPLED: ComputeCell(limits.sampled_distance, {"temperature": 0.5}, version=2)
        },
        **{
            where: {
                f"{n} points on the {where}": ComputeCell(spread, {"points": n, "dim": dim})
                for n in points
            }
            for where, points, dim in (("circle", config.circle, 2), ("sphere", config.sphere, 3))
        },
    }


def rows(config: Config) -> list[Row]:
    """Uniform points; the loss by temperature; points spread out by gradient."""
    return [
        Row(name, studies.over_seeds(cell, 1 if sort == "perfect" else config.seeds))
        for sort, cells in _named(config).items()
        for name, cell in cells.items()
    ]


def claims(config: Config) -> list[Claim]:
    """Minimum, rate, spacing."""
    rows = _named(config)

    def largest(column: str, sort: str) -> studies.AllOf:
        regular = [name for name in rows[sort] if not name.startswith("50 ")]
        return studies.AllOf([Largest(column, name) for name in regular])

    at_most: dict[str, tuple[studies.Effect, float]] = {
        "no loss is below its minimum or limit": (Largest("below"), 1e-9),
        "uniformity of all uniform points is within 0.02 of the minimum": (
            studies.AllOf([Level("at", name) for name in rows["uniform"]]),
            0.02,
        ),
        "L − ln M of a perfect encoder falls with every doubling": (largest("rise", "perfect"), 0),
        "it nears its limit as M^-1/2 or faster from e^(2/τ) on": (
            largest("slope", "perfect"),
            -0.5,
        ),
        "with noisy views, too, for M from 16 to 4,096": (Level("slope", _SAMPLED), -0.5),
        "points on the circle are evenly spaced to 1e-3": (largest("spacing", "circle"), 1e-3),
        "4, 6, 12 points on the sphere are, to 1e-3": (largest("spacing", "sphere"), 1e-3),
        "the points on the circle have the least energy to 1e-6": (largest("at", "circle"), 1e-6),
    }
    return [
        *(Claim.at_most(text, effect, bound) for text, (effect, bound) in at_most.items()),
        Claim(
            "at τ = 0.1 in 128 dimensions 4,096 negatives are more than 1 nat from the limit",
            Largest("at", _FAR),
            above=1,
            least=1,
        ),
    ]


STUDY = studies.Study(
    name="many_negatives",
    ids=("A4", "A5", "A6"),
    source="Wang and Isola 2020 (arXiv 2005.10242), Proposition 2 and Theorems 1 and 2",
    question="How fast is the limit of many negatives reached, and are optimal points even?",
    title="The limit of many negatives",
    budgets={
        "smoke": studies.Budget(
            config=Config(dims=(2,), samples=64, circle=(5,), sphere=(4,), seeds=2)
        ),
        "minutes": studies.Budget(
            config=Config(),
            changes=("no encoder is trained: a perfect one, and Gaussian classes on the sphere",),
            cpu_minutes=2,
        ),
    },
    rows=rows,
    columns=(
        Column("limit", "limit", "number", "limit of L − ln M, or minimum of uniformity"),
        Column("at", "distance", "number", "distance from it with 4,096 negatives or all points"),
        Column("slope", "slope", "number", "of ln distance on ln of the number"),
        Column("spacing", "spacing", "number", "largest over smallest distance of neighbors, − 1"),
    ),
    claims=claims,
    figure=studies.ReadingLines(
        title="Distance of L − ln M from its limit",
        x="doublings",
        y={"distance": "distance"},
        x_title="doublings: log2 of the number of negatives M",
        y_title="distance from the limit, nats",
        log_y=True,
    ),
)
