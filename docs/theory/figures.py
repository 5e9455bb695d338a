"""Write the figures and tables of a page of this folder: ``python docs/theory/figures.py NAME``."""

from __future__ import annotations

import argparse
import math
import statistics
from collections.abc import Callable
from pathlib import Path

import torch
from chart import Line, line_chart, pictures, power

from nearfar.data import CorrelatedGaussians, GaussianClasses, ShapeWorld
from nearfar.objectives import center_loss, residual_loss
from nearfar.ops import to_sphere
from nearfar.theory import (
    center_and_residual,
    coupon_collector_probability,
    coupon_lower_bound,
    coupon_supervised_bound,
    curl_lower_bound,
    curl_supervised_bound,
    decorrelation_curve,
    donsker_varadhan_information,
    info_nce_information,
    jensen_shannon_information,
    nwj_information,
    perfect_contrastive_loss,
    uniformity_floor,
    uniformity_minimum,
)

HERE = Path(__file__).parent


def negatives(folder: Path) -> None:
    """Coverage against draws; both bounds on Gaussian classes against the number of negatives."""
    coverage = []
    for classes in (10, 100, 1_000):
        draws = [round(8 * 2 ** (i / 8)) for i in range(97)]
        chance = [coupon_collector_probability(n, classes) for n in draws]
        coverage.append(Line(f"{classes:,} classes", draws, chance))
    write(
        folder / "negatives-coverage.svg",
        line_chart(
            coverage,
            alt="Probability that all of 10, 100 and 1,000 equal classes appear among 8 to 32,768"
            " draws: each curve rises from 0 to 1 within a factor of about four.",
            x_title="draws (K + 1)",
            y_title="probability of coverage",
            x_ticks=[8, 64, 512, 4_096, 32_768],
            y_ticks=[0, 0.25, 0.5, 0.75, 1],
        ),
    )
    drawn = GaussianClasses(5, 8, seed=1).draw(20_000)
    candidates = [4, 8, 16, 32, 64, 128, 256]
    rows, coupon_uppers, curl_uppers, losses, coupon_lowers, curl_lowers = [], [], [], [], [], []
    for many in candidates:
        options = {"num_negatives": many, "temperature": 0.5, "prior": 5, "draws": 20_000}
        coupon = coupon_lower_bound(drawn.embeddings, drawn.labels, **options)
        curl = curl_lower_bound(drawn.embeddings, drawn.labels, **options)
        upper, curl_upper = coupon_supervised_bound(coupon), curl_supervised_bound(curl)
        rows.append(
            [
                str(many),
                f"{coupon.info_nce:.2f}",
                f"{curl.bound:.2f}",
                f"{coupon.bound:.2f}",
                f"{curl.collision_probability:.3f}",
                f"{coupon.coverage:.3f}",
                f"{coupon.collisions:.2f}",
                f"{curl_upper.bound:,.0f}" if curl_upper.bound < 1e5 else power(curl_upper.bound),
                f"{upper.bound:.1f}",
            ]
        )
        losses.append(coupon.info_nce)
        coupon_lowers.append(coupon.bound)
        curl_lowers.append(curl.bound)
        coupon_uppers.append(upper.bound)
        curl_uppers.append(curl_upper.bound)
    head = "K, loss, CURL: loss ≥, coupons: loss ≥, τ, υ, collisions, CURL: sup ≤, coupons: sup ≤"
    write(folder / "negatives-bounds.txt", table(head.split(", "), rows))
    write(
        folder / "negatives-lower.svg",
        line_chart(
            [
                Line("contrastive loss", candidates, losses),
                Line("CURL", candidates, curl_lowers),
                Line("coupons", candidates, coupon_lowers),
            ],
            alt="The contrastive loss and both lower bounds against the number of negatives: all"
            " rise; CURL's is parallel to the loss, the coupon bound has half its slope.",
            x_title="negatives K",
            y_title="nats",
            x_ticks=candidates,
            y_ticks=[-1, 0, 1, 2, 3, 4, 5],
        ),
    )
    write(
        folder / "negatives-upper.svg",
        line_chart(
            [
                Line("supervised loss", candidates, [coupon.supervised] * len(candidates)),
                Line("CURL", candidates, curl_uppers),
                Line("coupons", candidates, coupon_uppers),
                Line("collapsed, ln 5", candidates, [upper.collapsed] * len(candidates), True),
            ],
            alt="Both upper bounds on the supervised loss, on a logarithmic scale: CURL's grows"
            " beyond ten to the twenty, the coupon bound stays between 5 and 8 from 8 negatives"
            " on; the loss is 1.37, that of a collapsed encoder 1.61.",
            x_title="negatives K",
            y_title="upper bound, nats",
            x_ticks=candidates,
            y_ticks=[1, 10, 100, 1_000, 10_000, 1e5, 1e6],
            log_y=True,
        ),
    )


def table(head: list[str], rows: list[list[str]]) -> str:
    """A table in Markdown, numbers to the right."""
    signed = [[cell.replace("-", "−") for cell in row] for row in rows]
    lines = [head, ["--:"] * len(head), *signed]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines)


def write(file: Path, text: str) -> None:
    """Write one file and say so."""
    file.write_text(text, encoding="utf-8")
    print(file)


def hypersphere(folder: Path) -> None:
    """The perfect encoder's loss and its limit (dashed); the minimum of uniformity."""
    many = [2**i for i in range(17)]
    curves, levels = [], []
    for temperature in (0.5, 0.2, 0.1):
        losses = [
            perfect_contrastive_loss(128, temperature=temperature, num_negatives=m) - math.log(m)
            for m in many
        ]
        limit = perfect_contrastive_loss(128, temperature=temperature)
        curves.append(Line(f"τ = {temperature:g}", many, losses))
        levels.append(Line("", many, [limit] * len(many), dashed=True))
    write(
        folder / "hypersphere-loss.svg",
        line_chart(
            [line for pair in zip(curves, levels, strict=True) for line in pair],
            alt="Loss minus the logarithm of the number of negatives, of a perfectly aligned and"
            " uniform encoder: at temperature 0.5 it reaches its limit of -1.98 with 4,096"
            " negatives, at 0.1 it is at -9.4 with 65,536, with a limit of -9.61.",
            x_title="negatives M",
            y_title="loss − ln M",
            x_ticks=[1, 16, 256, 4_096, 65_536],
            y_ticks=[-10, -8, -6, -4, -2, 0],
        ),
    )
    dims = [2**i for i in range(1, 12)]
    floors = {
        "distribution": [uniformity_minimum(dim) for dim in dims],
        "1,024 samples": [uniformity_floor(dim, 1_024) for dim in dims],
        "64 samples": [uniformity_floor(dim, 64) for dim in dims],
    }
    write(
        folder / "hypersphere-uniformity.svg",
        line_chart(
            [Line(name, dims, values) for name, values in floors.items()],
            alt="Minimum of uniformity at t = 2 by dimension: it decreases from -1.6 on the circle"
            " to nearly -4; without self-pairs 64 samples can have as little as -4.06.",
            x_title="dimensions",
            y_title="minimum of uniformity, t = 2",
            x_ticks=[2, 8, 32, 128, 512, 2_048],
            y_ticks=[-4.25, -4, -3, -2, -1],
        ),
    )


def information(folder: Path) -> None:
    """Four estimators with the best critic, for Gaussian pairs of known mutual information."""
    batch, repeats = 64, 400
    estimators = {
        "InfoNCE": info_nce_information,
        "Jensen–Shannon": jensen_shannon_information,
        "NWJ": nwj_information,
        "Donsker–Varadhan": donsker_varadhan_information,
    }
    truths = [float(i) for i in range(1, 9)]
    found: dict[str, list[float]] = {name: [] for name in estimators}
    for truth in truths:
        world = CorrelatedGaussians(4, information=truth)
        x, y = world.draw(batch * repeats, seed=1)
        scores = [
            world.log_density_ratio(
                x[start : start + batch].repeat_interleave(batch, dim=0),
                y[start : start + batch].repeat(batch, 1),
            ).view(batch, batch)
            for start in range(0, batch * repeats, batch)
        ]
        for name, estimate in estimators.items():
            found[name].append(statistics.median(float(estimate(part)) for part in scores))
    write(
        folder / "information-estimators.svg",
        line_chart(
            [Line(name, truths, values) for name, values in found.items()],
            alt="The median estimate of 400 batches of 64 pairs with the best critic against the"
            " true mutual information: Jensen-Shannon follows the diagonal, InfoNCE saturates at"
            " the logarithm of 64, 4.16; the other two overestimate from 7 nats on.",
            x_title="true information, nats",
            y_title="median estimate",
            x_ticks=truths,
            y_ticks=[0, 2, 4, 6, 8, 10],
            log_x=False,
        ),
    )


def simsiam(folder: Path) -> None:
    """Both phases of the paper's Figure 4 on free vectors; decorrelation against temperature."""
    torch.manual_seed(0)
    z = to_sphere(torch.randn(256, 32, dtype=torch.float64)).requires_grad_()
    lengths: dict[str, list[float]] = {"m_o": [], "m_r": []}
    half, rate = 60, 0.1
    for step in range(2 * half):
        loss = center_loss(z) if step < half else residual_loss(z)
        (gradient,) = torch.autograd.grad(loss * len(z), z)
        z = to_sphere(z.detach() - rate * gradient).requires_grad_()
        center, residual = center_and_residual(z.detach())
        lengths["m_o"].append(float(center.norm()))
        lengths["m_r"].append(float(residual.norm(dim=1).mean()))
    steps = [float(step) for step in range(1, 2 * half + 1)]
    write(
        folder / "simsiam-phases.svg",
        line_chart(
            [Line(name, steps, values) for name, values in lengths.items()],
            alt="Free vectors move along their centre for 60 steps: m_o rises to 1 and m_r falls to"
            " 0; then along their residuals for 60 steps: the reverse.",
            x_title="steps: centre loss until 60, residual loss from there",
            y_title="m_o, m_r",
            x_ticks=[0, 20, 40, 60, 80, 100, 120],
            y_ticks=[0, 0.25, 0.5, 0.75, 1],
            log_x=False,
        ),
    )
    torch.manual_seed(1)
    turn, _ = torch.linalg.qr(torch.randn(256, 256))
    z1 = (torch.randn(256, 256) * torch.arange(1, 257) ** -0.25) @ turn
    temperatures = [0.01 * 10 ** (i / 8) for i in range(21)]
    curve = decorrelation_curve(z1, z1 + 0.05 * torch.randn(256, 256), temperatures=temperatures)
    write(
        folder / "simsiam-decorrelation.svg",
        line_chart(
            [
                Line("residual part", temperatures, curve.residual),
                Line("centre part", temperatures, curve.center),
            ],
            alt="Cosine of InfoNCE's extra gradient with the decorrelating gradient against the"
            " temperature: of the residual part it rises to nearly 1 at 0.3 and falls again, of"
            " the centre part it is 0.",
            x_title="temperature",
            y_title="cosine",
            x_ticks=[0.01, 0.03, 0.1, 0.3, 1, 3],
            y_ticks=[0, 0.25, 0.5, 0.75, 1],
        ),
    )


def worlds(folder: Path) -> None:
    """Pairs of shapes for three settings of the parameters."""
    settings = {
        "same content": ShapeWorld(),
        "same style": ShapeWorld(leakage=1.0),
        "unrelated": ShapeWorld(content_change=0.875),
    }
    rows, names = [], []
    for name, world in settings.items():
        first, second = world.draw(8).images
        rows += [list(first.numpy()), list(second.numpy())]
        names += [name, ""]
    write(
        folder / "worlds-shapes.svg",
        pictures(
            rows,
            names,
            alt="Eight pairs of images in three settings: the same shape at another position in"
            " another colour; the same shape in the same style; unrelated shapes.",
        ),
    )


THEMES: dict[str, Callable[[Path], None]] = {
    "hypersphere": hypersphere,
    "information": information,
    "negatives": negatives,
    "simsiam": simsiam,
    "worlds": worlds,
}


def main() -> None:
    """Parse the command line and draw."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("theme", choices=sorted(THEMES), help="which page's figures")
    parser.add_argument("--to", type=Path, default=HERE, help="the folder written to")
    said = parser.parse_args()
    said.to.mkdir(parents=True, exist_ok=True)
    THEMES[said.theme](said.to)


if __name__ == "__main__":
    main()
