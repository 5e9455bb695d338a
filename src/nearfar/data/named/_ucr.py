"""Datasets from the UCR time series archive, 2018."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from nearfar.data.named._archives import Places
from nearfar.data.named._named_set import NamedSet

__all__ = ["UCR_FILES", "UCR_SETS", "load_ucr"]

UCR_FILES = ("ucr_11.npz",)
UCR_SETS = {
    "ucr-cbf": ("CBF", "30 + 900 series of 128 steps", 3),
    "ucr-ecg200": ("ECG200", "100 + 100 series of 96 steps", 2),
    "ucr-face-all": ("FaceAll", "560 + 1,690 series of 131 steps", 14),
    "ucr-gun-point": ("GunPoint", "50 + 150 series of 150 steps", 2),
    "ucr-italy-power-demand": ("ItalyPowerDemand", "67 + 1,029 series of 24 steps", 2),
    "ucr-medical-images": ("MedicalImages", "381 + 760 series of 99 steps", 10),
    "ucr-phalanges-outlines-correct": (
        "PhalangesOutlinesCorrect",
        "1,800 + 858 series of 80 steps",
        2,
    ),
    "ucr-plane": ("Plane", "105 + 105 series of 144 steps", 7),
    "ucr-swedish-leaf": ("SwedishLeaf", "500 + 625 series of 128 steps", 15),
    "ucr-synthetic-control": ("SyntheticControl", "300 + 300 series of 60 steps", 6),
    "ucr-trace": ("Trace", "100 + 100 series of 275 steps", 4),
}


def load_ucr(name: str) -> Callable[[Places], NamedSet]:
    """The loading function of a dataset of the archive, with its official split.

    Args:
        name: One of :data:`UCR_SETS`.
    """

    def load(places: Places) -> NamedSet:
        from nearfar.data.sequences import SequenceArray

        path = places.find(*UCR_FILES)
        if path is None:
            raise FileNotFoundError(
                f"{name} needs {UCR_FILES[0]} in the folder given by $NEARFAR_DATA"
            )
        key, _, _ = UCR_SETS[name]
        with np.load(path, allow_pickle=False) as file:
            x, x_test = file[f"{key}.x_train"], file[f"{key}.x_test"]
            y, y_test = file[f"{key}.y_train"], file[f"{key}.y_test"]
        train = SequenceArray(x, name=name)
        return NamedSet(
            pretrain=train,
            train=train,
            labels={"class": y},
            test=SequenceArray(x_test, name=f"{name}-test"),
            test_labels={"class": y_test},
        )

    return load
