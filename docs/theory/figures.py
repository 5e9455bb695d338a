"""Write the figures and tables of a page of this folder: ``python docs/theory/figures.py NAME``."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

from chart import Line, line_chart, power

from nearfar.data.worlds import GaussianClasses
from nearfar.theory import (
    coupon_collector_probability,
    coupon_lower_bound,
    coupon_supervised_bound,
    curl_lower_bound,
    curl_supervised_bound,
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
            alt="How likely all of 10, 100 and 1,000 equal classes appear among 8 to 32,768 draws:"
            " each curve rises from 0 to 1 within a factor of about four.",
            x_title="draws (K + 1)",
            y_title="all classes appear",
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
            " rise; CURL's runs parallel to the loss, the coupons' at half its slope.",
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
            alt="What both bounds allow the supervised loss to be, on a logarithmic scale: CURL's"
            " grows beyond ten to the twenty, the coupons' stays between 5 and 8 from 8 negatives"
            " on; the loss is 1.37, a collapsed encoder reads 1.61.",
            x_title="negatives K",
            y_title="at most, nats",
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


THEMES: dict[str, Callable[[Path], None]] = {"negatives": negatives}


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
