"""Free Spoken Digit Dataset: 10 digits by 6 speakers, with 50 recordings of each."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from nearfar.data.named._archives import Places
from nearfar.data.named._named_set import NamedSet

__all__ = ["FSDD_FILES", "load_fsdd"]

FSDD_FILES = ("fsdd.npz",)
TEST_TAKES = 5  # official split: recordings 0 to 4 are the test set


def load_fsdd(places: Places) -> NamedSet:
    """3,000 recordings at 8 kHz, 0.14 to 2.28 s; labels ``digit`` and ``speaker``.

    Raises:
        FileNotFoundError: The file is missing; it is not downloaded automatically.
    """
    from nearfar.data.sequences import SequenceArray

    path = places.find(*FSDD_FILES)
    if path is None:
        raise FileNotFoundError(f"fsdd needs {FSDD_FILES[0]} in the folder given by $NEARFAR_DATA")
    with np.load(path, allow_pickle=False) as file:
        held = {key: file[key] for key in file.files}
    test = held["take"] < TEST_TAKES
    speakers = held["speaker_names"][held["speaker"]]
    parts = {}
    for name, chosen in (("fsdd", ~test), ("fsdd-test", test)):
        samples, offsets = _choose(held["samples"], held["offsets"], np.flatnonzero(chosen))
        parts[name] = SequenceArray(
            samples, offsets=offsets, name=name, source_rate=int(held["sample_rate"])
        )
    return NamedSet(
        pretrain=parts["fsdd"],
        train=parts["fsdd"],
        labels={"digit": held["digit"][~test], "speaker": speakers[~test]},
        test=parts["fsdd-test"],
        test_labels={"digit": held["digit"][test], "speaker": speakers[test]},
    )


def _choose(
    samples: NDArray[Any], offsets: NDArray[Any], rows: NDArray[Any]
) -> tuple[NDArray[Any], NDArray[Any]]:
    """Concatenate the selected recordings."""
    pieces = [samples[offsets[row] : offsets[row + 1]] for row in rows]
    ends = np.cumsum([0, *(len(piece) for piece in pieces)])
    return np.concatenate(pieces), ends
