"""Run directories as healthy, collapsed and interrupted runs leave them, from synthetic records.

By hand: ``python tests/reports/sample.py FOLDER`` writes sample runs and their reports there.
"""

from __future__ import annotations

import base64
import io
import math
import sys
from pathlib import Path

import numpy as np

from nearfar.records import (
    Exhibit,
    Finding,
    GalleryRecord,
    GalleryRow,
    GeometryRecord,
    HealthRecord,
    NamedSamples,
    Provenance,
    RunDirectory,
    RunRecord,
    TrainMetrics,
    WatchMetrics,
    write_text,
)

RECIPE = """\
# nearfar train --recipe recipe.toml
[data]
source = "digits"
watch = 180

[method]
name = "simclr"
temperature = 0.2

[encoder]
name = "convnet"
width = 64

[training]
epochs = 60
batch_size = 256
seed = 0
optimizer = "adamw"
learning_rate = 1e-3
"""


def provenance() -> Provenance:
    return Provenance(
        "0.1.0", "2.9.0", "3.11.2", "cpu (x86_64)", 2, "ae95974", "2026-03-01T09:30:00Z"
    )


def run_record(*, name: str = "simclr-digits", finished: bool = True) -> RunRecord:
    return RunRecord(
        name=name,
        method="simclr",
        data="digits: 1,797 grey images 8×8 shown at 16×16",
        encoder="convnet 0.3 M",
        objective="NT-Xent, temperature 0.2",
        chance=math.log(511),
        samples=1617,
        watched=180,
        parameters=312_640,
        steps=420,
        epochs=60,
        provenance=provenance(),
        finished=finished,
        seconds=45.3,
        peak_memory=734_003_200,
        notes=("colour jitter disabled: 1 channel", "flip disabled: digits have a handedness"),
    )


def metric_lines(
    *,
    steps: int = 420,
    of: int = 420,
    collapsed: bool = False,
    terms: bool = False,
    every: int = 10,
) -> list[TrainMetrics | WatchMetrics]:
    rng = np.random.default_rng(0)
    lines: list[TrainMetrics | WatchMetrics] = []
    for step in range(1, steps + 1):
        part = step / of
        fall = 1 - math.exp(-7 * part)
        loss = math.log(511) - (0.02 if collapsed else 2.6) * fall
        rate = 1e-3 * min(1, part / 0.1) * (0.5 + 0.5 * math.cos(math.pi * part))
        parts = {
            "invariance": 1.2 - fall,
            "variance": 0.9 - 0.8 * fall,
            "covariance": 0.1 + 0.2 * fall,
        }
        lines.append(
            TrainMetrics(
                step=step,
                loss=loss + rng.normal(0, 0.05 * (1.2 - part)),
                epoch=60 * part,
                learning_rate=rate,
                samples_per_second=1700 + rng.normal(0, 40),
                terms=parts if terms else {},
            )
        )
        if step % every == 0:
            noise = rng.normal(0, 0.01, 5)
            c = fall if collapsed else 0.0
            m_o = min(0.999, 0.35 - 0.32 * fall + 0.95 * c + abs(noise[3]))
            lines.append(
                WatchMetrics(
                    step=step,
                    epoch=60 * part,
                    loss=loss - 0.3 + noise[0],
                    chance=math.log(359),
                    batch_size=180,
                    alignment=max(0.002, (0.9 - 0.69 * fall) * (1 - 0.99 * c) + noise[1]),
                    uniformity=(-1.2 - 2.2 * fall) * (1 - 0.98 * c) + noise[2],
                    m_o=m_o,
                    m_r=math.sqrt(1 - m_o**2),
                    feature_std=0.06 + 0.06 * fall * (1 - c),
                    effective_rank=(14 + 44 * fall) * (1 - 0.97 * c) + 5 * noise[4],
                    dim=64,
                    samples=180,
                )
            )
    return lines


def health_record(*, collapsed: bool = False) -> HealthRecord:
    if collapsed:
        return HealthRecord(
            verdict="complete collapse",
            summary="complete collapse: every embedding points the same way (m_o 0.99), rank 1.6 of"
            " 64; alignment 0.01 is low only because all points are one",
            findings=(
                Finding(
                    "alignment",
                    0.006,
                    "views agree, but so do other samples",
                    {"identical": 0.0, "unrelated": 2.0},
                    None,
                ),
                Finding(
                    "uniformity",
                    -0.07,
                    "samples cover very little of the sphere",
                    {"collapsed": 0.0, "floor": -3.875},
                    False,
                ),
                Finding(
                    "m_o",
                    0.988,
                    "few directions carry the variance",
                    {"collapsed": 1.0, "centred": 0.075},
                    False,
                ),
                Finding(
                    "effective_rank",
                    1.6,
                    "one direction is in use",
                    {"collapsed": 1.0, "isotropic": 54.2},
                    False,
                ),
            ),
            advice=(
                "lower the learning rate tenfold: the first updates were large",
                "add negatives or a predictor: this objective alone is solved by a constant",
                "check that the views of one sample differ",
            ),
            measurements={
                "loss": 6.21,
                "alignment": 0.006,
                "uniformity": -0.07,
                "m_o": 0.988,
                "m_r": 0.154,
                "feature_std": 0.011,
                "effective_rank": 1.6,
            },
            samples=180,
            dim=64,
        )
    return HealthRecord(
        verdict="healthy",
        summary="healthy: views agree (alignment 0.21), samples cover the sphere (uniformity −3.41,"
        " minimum −3.88), no collapse (m_o 0.03, rank 58, isotropic 62)",
        findings=(
            Finding("loss", 3.62, "well below chance", {"chance": math.log(511)}, True),
            Finding("alignment", 0.21, "views agree", {"identical": 0.0, "unrelated": 2.0}, True),
            Finding(
                "uniformity",
                -3.41,
                "samples cover the sphere",
                {"collapsed": 0.0, "floor": -3.875},
                True,
            ),
            Finding(
                "m_o", 0.031, "the cloud is centred", {"collapsed": 1.0, "centred": 0.075}, True
            ),
            Finding(
                "effective_rank",
                58.1,
                "58 of 64 directions in use",
                {"collapsed": 1.0, "isotropic": 62.3},
                True,
            ),
            Finding(
                "feature_std",
                0.1212,
                "every coordinate varies",
                {"collapsed": 0.0, "isotropic": 0.125},
                None,
            ),
        ),
        advice=(),
        measurements={
            "loss": 3.62,
            "alignment": 0.2113,
            "uniformity": -3.4149,
            "m_o": 0.0312,
            "m_r": 0.9995,
            "feature_std": 0.12123,
            "effective_rank": 58.12,
            "uniformity_minimum": -3.875,
            "recall_1": 0.62,
            "recall_5": 0.88,
            "order": 0.97,
            "gallery": 180.0,
        },
        samples=180,
        dim=64,
        named_samples=named_samples(),
    )


def named_samples() -> tuple[NamedSamples, ...]:
    """Groups, samples with values, and more samples than names, as geometry_record names them."""
    labels = np.random.default_rng(1).integers(0, 10, 600)
    ids = [f"digit {label} · row {row}" for row, label in enumerate(labels)]
    groups = (ids[3:5], ids[20:27])
    return (
        NamedSamples(
            "effective_rank",
            "samples on one point",
            ids=(*groups[0], *groups[1]),
            rows=(3, 4, *range(20, 27)),
            groups=(2, 7),
            sizes=(2, 9),
            total=11,
            compared=180,
        ),
        NamedSamples(
            "alignment",
            "second view not found",
            ids=tuple(ids[40:70]),
            rows=tuple(range(40, 70)),
            values=tuple(0.9 - 0.01 * place for place in range(30)),
            unit="of the others are nearer",
            total=37,
            compared=180,
        ),
    )


def geometry_record(
    *, dim: int = 64, samples: int = 600, collapsed: bool = False
) -> GeometryRecord:
    rng = np.random.default_rng(1)
    classes = rng.integers(0, 10, samples)
    centers = rng.normal(size=(10, dim))
    spread = 0.02 if collapsed else 0.75
    cloud = (centers[:1] if collapsed else 1.2 * centers[classes]) + spread * rng.normal(
        size=(samples, dim)
    )
    cloud *= np.linspace(1.6, 0.5, dim)
    other = cloud + 0.35 * spread * rng.normal(size=cloud.shape)
    z1, z2 = (c / np.linalg.norm(c, axis=1, keepdims=True) for c in (cloud, other))
    positive = np.linalg.norm(z1 - z2, axis=1)
    random = np.linalg.norm(z1 - z1[rng.permutation(samples)], axis=1)
    values, vectors = np.linalg.eigh(np.cov(z1.T))
    order = np.argsort(values)[::-1]
    points = z1 if dim == 2 else z1 @ vectors[:, order[:3]]
    turns = math.tau * classes / 10
    layout = np.c_[np.cos(turns), np.sin(turns)] * 0.8 + 0.07 * rng.normal(size=(samples, 2))
    undefined = np.where(np.arange(samples) % 97 == 5, np.nan, 0.0)
    return GeometryRecord(
        dim=dim,
        points=tuple(tuple(float(v) for v in point) for point in points),
        explained=tuple(float(v) for v in values[order[:3]] / values.sum()),
        ids=tuple(f"digit {c} · row {i}" for i, c in enumerate(classes)),
        positive_distances=tuple(map(float, positive)),
        random_distances=tuple(float(d) for d in random if d > 0),
        eigenvalues=tuple(float(max(v, 0)) for v in values[order]),
        samples=samples,
        layout=() if dim == 2 else tuple(tuple(map(float, row)) for row in layout),
        readings={
            "local_dimension": tuple(map(float, rng.gamma(12, 0.8, samples) + undefined)),
            "length": tuple(map(float, rng.lognormal(0, 0.2, samples))),
            "neighbors_kept": tuple(map(float, rng.binomial(10, 0.6, samples) / 10)),
            "partner_rank": tuple(map(float, rng.beta(0.2, 4, samples))),
        },
        representation_dim=2 * dim,
        representation_eigenvalues=tuple(0.2 * 0.97**k for k in range(2 * dim)),
    )


def picture(pixels: np.ndarray, caption: str) -> Exhibit:
    from PIL import Image

    file = io.BytesIO()
    Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8)).save(file, "PNG")
    return Exhibit(caption, png=base64.b64encode(file.getvalue()).decode())


def gallery_record(*, captions: str = "digit") -> GalleryRecord:
    from sklearn.datasets import load_digits

    rng = np.random.default_rng(2)
    digits = load_digits().images[:200] * 16
    labels = load_digits().target[:200]
    views, neighbors = [], []
    for row in range(8):
        image = np.kron(digits[row], np.ones((2, 2)))
        others = tuple(
            picture(
                np.roll(image, rng.integers(-3, 4, 2), (0, 1)) * rng.uniform(0.6, 1.1)
                + rng.normal(0, 8, image.shape),
                f"view {view}",
            )
            for view in (1, 2)
        )
        views.append(GalleryRow(picture(image, f"{captions} {row}"), others))
        near = np.argsort(((digits - digits[row]) ** 2).sum((1, 2)))[1:7]
        neighbors.append(
            GalleryRow(
                picture(image, f"{captions} {row}"),
                tuple(
                    picture(
                        np.kron(digits[i], np.ones((2, 2))), f"{captions} {labels[i]} · row {i}"
                    )
                    for i in near
                ),
            )
        )
    samples = tuple(
        picture(digits[row % 200], f"digit {label} · row {row}")
        for row, label in enumerate(np.random.default_rng(1).integers(0, 10, 600)[:180])
    )
    return GalleryRecord(tuple(views), tuple(neighbors), samples)


def write_metrics(directory: RunDirectory, lines: list[TrainMetrics | WatchMetrics]) -> None:
    write_text(directory.metrics, "".join(f"{line.to_json()}\n" for line in lines))


def sample_run(path: Path, *, kind: str = "healthy") -> RunDirectory:
    """Write the records of a run that was ``healthy``, ``collapsed`` or ``interrupted``."""
    directory = RunDirectory(path)
    collapsed, interrupted = kind == "collapsed", kind == "interrupted"
    write_text(directory.recipe, RECIPE)
    run_record(name=path.name, finished=not interrupted).save(directory.run)
    write_metrics(
        directory,
        metric_lines(steps=130 if interrupted else 420, collapsed=collapsed, terms=collapsed),
    )
    if not interrupted:
        health_record(collapsed=collapsed).save(directory.health)
        geometry_record(collapsed=collapsed).save(directory.geometry)
        gallery_record().save(directory.gallery)
    return directory


if __name__ == "__main__":
    from nearfar.reports import render_comparison, render_health, write_report

    folder = Path(sys.argv[1])
    runs = [
        sample_run(folder / f"simclr-{kind}", kind=kind)
        for kind in ("healthy", "collapsed", "interrupted")
    ]
    for run in runs:
        print(write_report(run))
    write_text(folder / "comparison.html", render_comparison(runs))
    write_text(folder / "circle.html", render_health(health_record(), geometry_record(dim=2)))
