"""Pairs of rendered images with known content and style."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import final

import torch
from jaxtyping import Float64, Int64, UInt8
from torch import Tensor

from nearfar._deprecation import renamed_option, renamed_options
from nearfar.checks import check_choice, check_fraction, check_integer
from nearfar.data.worlds._drawing import SHAPES, coverage, hues
from nearfar.ops._random import Stream, uniform

__all__ = ["STYLES", "ShapePairs", "ShapeWorld"]

STYLES = {"position": 64, "size": 4, "color": 8, "background": 8}  # number of values per factor
LARGEST_TABLE = 1 << 24
GRID = 8
RADII = (0.15, 0.19, 0.23, 0.27)


class _Factors(dict[str, Tensor]):
    """Factors by name; ``colour`` is the name of 0.1."""

    def __missing__(self, name: str) -> Tensor:
        new = renamed_option(name, self)
        if new == name:
            raise KeyError(name)
        return self[new]


@dataclass(frozen=True)
class ShapePairs:
    """Samples of a :class:`ShapeWorld`.

    Attributes:
        images: The input (view 0) and the signal (view 1) of each sample.
        content: Index of the shape in the input, which is the task; that of the signal can differ.
        factors: Factors of both views by name: ``content`` and the four style factors.
    """

    images: UInt8[Tensor, "2 samples side side 3"]
    content: Int64[Tensor, " samples"]
    factors: dict[str, Int64[Tensor, "2 samples"]]


@final
class ShapeWorld:
    r"""Pairs of rendered shapes with adjustable redundancy and shared style.

    An image shows one shape. The type of the shape is its content, and is the task; position, size,
    colour and background are its style. The second view of a pair has another content with
    probability :math:`p` (`content_change`), and copies each style factor of the first view with
    probability :math:`q` (`leakage`), drawing it independently otherwise:

    .. math:: \epsilon_{\text{info}} = I(X; T \mid S) = h(p) + p \ln(K - 1), \qquad
              I(X; S \mid T) = \sum_{\text{style } f} I(f; f')

    All factors are independent and uniform, and every image determines all of its factors, so the
    mutual information of the images equals that of their factors.

    Args:
        num_classes: Number of shapes :math:`K`, from 2 to 8.
        content_change: Probability of another content, which controls
            :math:`\epsilon_{\text{info}}`: from 0, where the signal determines the task, to
            :math:`1 - 1/K`, where it is independent of it.
        leakage: Probability that a style factor is shared, from 0 to 1: one value for all factors,
            or values by name for some, with 0 for the others.
        side: Side length of the images in pixels, 16 or more.
        seed: Random seed of the samples.

    Raises:
        ValueError: A parameter out of range, an unknown factor.

    Example:
        >>> world = ShapeWorld(content_change=0.1, leakage={"color": 1.0})
        >>> pairs = world.draw(100)
        >>> pairs.images.shape
        torch.Size([2, 100, 32, 32, 3])
        >>> bool((pairs.factors["color"][0] == pairs.factors["color"][1]).all())
        True
        >>> print(f"{world.epsilon_info:.4f} {world.compression_gap / math.log(2):.4f}")
        0.5197 3.0000
    """

    def __init__(
        self,
        num_classes: int = len(SHAPES),
        *,
        content_change: float = 0.0,
        leakage: float | Mapping[str, float] = 0.0,
        side: int = 32,
        seed: int = 0,
    ) -> None:
        check_integer(at_least=2, num_classes=num_classes)
        check_integer(at_least=16, side=side)
        check_integer(at_least=0, seed=seed)
        if num_classes > len(SHAPES):
            raise ValueError(f"`num_classes` must be at most {len(SHAPES)}, got {num_classes}")
        check_fraction(content_change=content_change)
        if content_change > 1 - 1 / num_classes:
            raise ValueError(
                f"`content_change` must be at most 1 - 1/{num_classes}, where the signal is"
                f" independent of the task, got {content_change!r}"
            )
        given = leakage if isinstance(leakage, Mapping) else dict.fromkeys(STYLES, leakage)
        given = renamed_options(given, STYLES)
        for factor, share in given.items():
            check_choice(STYLES, leakage=factor)
            check_fraction(leakage=share)
        self.num_classes = num_classes
        self.content_change = float(content_change)
        self.leakage = {factor: float(given.get(factor, 0.0)) for factor in STYLES}
        self.side = side
        self.seed = seed

    @property
    def class_names(self) -> tuple[str, ...]:
        """Name of each content."""
        return tuple(SHAPES)[: self.num_classes]

    @property
    def task_information(self) -> float:
        """Mutual information of input and task, I(X;T) = H(T) = ln K."""
        return math.log(self.num_classes)

    @property
    def epsilon_info(self) -> float:
        """Mutual information of input and task given the signal, I(X;T|S)."""
        return self.task_information - _shared(1 - self._kept, self.num_classes)

    @property
    def style_information(self) -> dict[str, float]:
        """Mutual information of the two views about each style factor."""
        return {f: _shared(1 - share, STYLES[f]) for f, share in self.leakage.items()}

    @property
    def compression_gap(self) -> float:
        """Mutual information of input and signal given the task, I(X;S|T)."""
        return math.fsum(self.style_information.values())

    def joint(self, *styles: str) -> Float64[Tensor, "inputs signals tasks"]:
        """The exact joint distribution of input, signal and task over some of the factors.

        Args:
            styles: Style factors to include in addition to the content. The index of an input or
                signal is the mixed-radix number of its factors, with the content first.

        Raises:
            ValueError: An unknown factor, or a table of more than 2^24 entries.
        """
        styles = tuple(renamed_option(factor, STYLES, stacklevel=3) for factor in styles)
        for factor in styles:
            check_choice(STYLES, styles=factor)
        values = self.num_classes * math.prod(STYLES[factor] for factor in styles)
        if values**2 * self.num_classes > LARGEST_TABLE or len(set(styles)) < len(styles):
            raise ValueError(
                "`styles` must be distinct and give a table of at most 2^24 entries, got"
                f" {', '.join(styles)}: {values} × {values} × {self.num_classes}"
            )
        pairs = _pair_table(self._kept, self.num_classes)
        for factor in styles:
            pairs = torch.kron(pairs, _pair_table(self.leakage[factor], STYLES[factor]))
        task = torch.eye(self.num_classes, dtype=torch.float64)
        return pairs[:, :, None] * task.repeat_interleave(values // self.num_classes, 0)[:, None]

    def draw(self, samples: int | Int64[Tensor, " samples"]) -> ShapePairs:
        """Draw pairs; each sample depends only on its index and the seed.

        Args:
            samples: Number of samples, or their indices.
        """
        if not isinstance(samples, Tensor):
            check_integer(at_least=1, samples=samples)
            samples = torch.arange(samples)
        levels = {"content": self.num_classes, **STYLES}
        kept = {"content": self._kept, **self.leakage}
        count = 3 * len(levels)
        numbers = uniform(
            samples, seed=self.seed, epoch=0, count=count, stream=Stream.WORLD
        ).double()
        factors = _Factors()
        for i, (name, values) in enumerate(levels.items()):
            first, fresh = (numbers[:, 3 * i : 3 * i + 2].T * values).long()
            keeps = numbers[:, 3 * i + 2] < kept[name]
            factors[name] = torch.stack([first, torch.where(keeps, first, fresh)])
        views = ({name: both[view] for name, both in factors.items()} for view in (0, 1))
        images = torch.stack([self.render(view) for view in views])
        return ShapePairs(images=images, content=factors["content"][0], factors=factors)

    def render(
        self, factors: Mapping[str, Int64[Tensor, " samples"]]
    ) -> UInt8[Tensor, "samples side side 3"]:
        """Render images from the values of all factors, which determine them completely.

        Args:
            factors: Values, from 0, of ``content`` and the four style factors.
        """
        factors = renamed_options(factors, STYLES)
        cover = self._stencils[factors["content"], factors["size"], factors["position"]].int()
        paint = hues(STYLES["color"], low=110, high=250)[factors["color"]].int()
        ground = hues(STYLES["background"], low=0, high=90)[factors["background"]].int()
        cover, paint, ground = cover[..., None], paint[:, None, None], ground[:, None, None]
        return ((cover * paint + (255 - cover) * ground + 127) // 255).to(torch.uint8)

    @property
    def _kept(self) -> float:
        """Probability of copying the content; otherwise it is drawn uniformly from all contents."""
        return max(0.0, 1 - self.content_change * self.num_classes / (self.num_classes - 1))

    @cached_property
    def _stencils(self) -> UInt8[Tensor, "shapes sizes positions side side"]:
        steps = torch.linspace(0.31, 0.69, GRID, dtype=torch.float64)
        centers = torch.cartesian_prod(steps, steps).flip(1)
        outlines = [SHAPES[name] for name in self.class_names]
        stencils = [
            coverage(outline, side=self.side, centers=centers, radius=radius)
            for outline in outlines
            for radius in RADII
        ]
        return torch.stack(stencils).view(len(outlines), len(RADII), -1, self.side, self.side)


def _pair_table(kept: float, values: int) -> Float64[Tensor, "values values"]:
    """Joint distribution of a uniform value and its copy, which is redrawn with 1 − `kept`."""
    same = torch.eye(values, dtype=torch.float64) / values
    return kept * same + (1 - kept) / values**2


def _shared(fresh: float, values: int) -> float:
    """Mutual information of the two values of :func:`_pair_table`, in nats."""
    other = fresh / values
    same = 1 - fresh + other
    spread = sum(p * math.log(p) for p in (same, *[other] * (values - 1)) if p > 0)
    return max(0.0, math.log(values) + spread)
