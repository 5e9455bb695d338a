"""The sources of the calibration, and views of them that are too weak or too strong."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, final

from nearfar.studies._study_data import StudyData

__all__ = ["SOURCES", "VIEWS", "HealthSource"]


@final
@dataclass(frozen=True, kw_only=True)
class HealthSource:
    """A source of the calibration.

    Attributes:
        name: Name of the data.
        kind: Kind of data, of which results are reported together.
        modality: Modality of the data.
        epochs: Usual number of epochs.
        samples: Largest number of training samples.
        labeled: Largest number of labelled samples of the probes.
        tests: Largest number of test samples.
        options: Options of the modality.
    """

    name: str
    kind: str
    modality: str
    epochs: int
    samples: int | None = None
    labeled: int | None = None
    tests: int | None = None
    options: Mapping[str, Any] = field(default_factory=dict)

    @property
    def data(self) -> StudyData:
        """The data, and which samples are for what."""
        return StudyData(
            source=self.name,
            samples=self.samples,
            labeled=self.labeled,
            tests=self.tests,
            options=self.options,
        )


_NARROW = MappingProxyType({"conv_width": 64, "context": 128})
SOURCES: tuple[HealthSource, ...] = (
    HealthSource(
        name="digits", kind="images", modality="images", epochs=12, samples=1_200, labeled=100
    ),
    HealthSource(
        name="fsdd",
        kind="sounds",
        modality="sequences",
        epochs=12,
        samples=600,
        labeled=300,
        options={"sample_rate": 4_000, "window": 1_200, **_NARROW},
    ),
    HealthSource(
        name="ag-news", kind="texts", modality="text", epochs=18, samples=1_500, tests=1_000
    ),
    HealthSource(
        name="fashion-mnist",
        kind="images",
        modality="images",
        epochs=9,
        samples=1_200,
        labeled=200,
        tests=2_000,
        options={"image_size": 16},
    ),
    HealthSource(
        name="ucr-face-all",
        kind="series",
        modality="sequences",
        epochs=18,
        tests=1_000,
        options=_NARROW,
    ),
    HealthSource(name="cora", kind="graphs", modality="graphs", epochs=60, options={"units": 128}),
    HealthSource(
        name="cifar10",
        kind="images",
        modality="images",
        epochs=9,
        samples=1_200,
        labeled=400,
        tests=2_000,
        options={"image_size": 16},
    ),
    HealthSource(
        name="ucr-swedish-leaf", kind="series", modality="sequences", epochs=18, options=_NARROW
    ),
)
"""The sources of the calibration."""

VIEWS: Mapping[str, Mapping[str, Mapping[str, Any]]] = MappingProxyType(
    {
        "identical": {
            "images": {
                "crop_scale": (1.0, 1.0),
                "crop_ratio": (1.0, 1.0),
                "flip": 0.0,
                "rotation": 0.0,
                "jitter": 0.0,
                "gray": 0.0,
                "blur": (0.0,),
                "solarize": (0.0,),
            },
            "sequences": {
                "speed": (1.0, 1.0),
                "gain": 0.0,
                "noise": 0.0,
                "polarity": 0.0,
                "time_masks": 0,
                "frequency_masks": 0,
            },
            "text": {"erase": 0.0},
            "graphs": {"edge_drop": (0.0,), "feature_mask": (0.0,)},
        },
        "weak": {
            "images": {"crop_scale": (0.8, 1.0), "jitter": 0.2, "gray": 0.0},
            "sequences": {"speed": (0.95, 1.0), "gain": 1.0, "noise": 0.2, "time_mask": 0.05},
            "text": {"erase": 0.05},
            "graphs": {"edge_drop": (0.05,), "feature_mask": (0.05,)},
        },
        "strong": {
            "images": {"crop_scale": (0.05, 0.3), "jitter": 1.0},
            "sequences": {"speed": (0.3, 0.7), "noise": 1.0, "snr": (0.0, 10.0), "time_masks": 2},
            "text": {"erase": 0.6},
            "graphs": {"edge_drop": (0.5,), "feature_mask": (0.5,)},
        },
        "nothing": {
            "images": {
                "crop_scale": (0.01, 0.02),
                "jitter": 1.0,
                "brightness": 2.0,
                "contrast": 2.0,
            },
            "sequences": {"noise": 1.0, "snr": (-40.0, -30.0), "time_masks": 4, "time_mask": 0.5},
            "text": {"erase": 0.5, "replace": 1.0},
            "graphs": {"edge_drop": (1.0,), "feature_mask": (0.99,)},
        },
    }
)
"""Settings of views, by name and modality; a modality keeps the others of its usual views."""
