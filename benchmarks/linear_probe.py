"""Time and accuracy of the linear probe on wide embeddings, compared with scikit-learn.

python benchmarks/linear_probe.py          measures and writes benchmarks/linear_probe.csv

588 pictures of seven classes of Tiny-ImageNet, as pixels of three sizes, in five stratified folds.
The probe chooses its penalty among six; scikit-learn's LogisticRegression has its default. Data are
read from $NEARFAR_DATA.
"""

from __future__ import annotations

import io
import os

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # before torch; see docs/decisions/0003
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler
from torch import Tensor

from nearfar.probes import LinearProbe, held_out_predictions
from nearfar.probes._folds import stratified_folds
from results import save

CLASSES, PICTURES, FOLDS = 7, 588, 5
SIZES = (16, 32, 64)


def pictures() -> tuple[list[Image.Image], Tensor]:
    """Pictures and their classes."""
    with np.load(Path(os.environ["NEARFAR_DATA"]) / "tiny_imagenet_50.npz") as held:
        offsets, jpeg, labels = held["offsets"], held["jpeg"], held["label"]
    rows = np.random.default_rng(0).permutation(np.flatnonzero(labels < CLASSES))[:PICTURES]
    decoded = [
        Image.open(io.BytesIO(jpeg[offsets[row] : offsets[row + 1]].tobytes())).convert("RGB")
        for row in sorted(rows)
    ]
    return decoded, torch.from_numpy(labels[sorted(rows)].astype(np.int64))


@contextmanager
def clock() -> Iterator[Callable[[], float]]:
    """CPU seconds of this process since the beginning of the block."""
    start = time.process_time()
    yield lambda: time.process_time() - start


def theirs(pixels: NDArray[np.float32], labels: Tensor) -> Tensor:
    """Predictions of scikit-learn's logistic regression while held out."""
    fold = stratified_folds(labels, folds=FOLDS, seed=0).numpy()
    predicted = np.empty(len(pixels), dtype=np.int64)
    for index in range(FOLDS):
        train, test = fold != index, fold == index
        scaler = StandardScaler().fit(pixels[train])
        model = LogisticRegression(max_iter=1000)
        model.fit(scaler.transform(pixels[train]), labels[train].numpy())
        predicted[test] = model.predict(scaler.transform(pixels[test]))
    return torch.from_numpy(predicted)


def main() -> None:
    """Measure each size with both."""
    images, labels = pictures()
    rows = []
    for size in SIZES:
        arrays = [np.asarray(image.resize((size, size)), np.float32).ravel() for image in images]
        pixels = np.stack(arrays)
        for name, predict in (
            ("nearfar", lambda x: held_out_predictions(LinearProbe(), torch.from_numpy(x), labels)),
            ("scikit-learn", lambda x: theirs(x, labels)),
        ):
            with clock() as seconds:
                predicted = predict(pixels)
                spent = seconds()
            rows.append(
                {
                    "rows": len(pixels),
                    "dimensions": pixels.shape[1],
                    "probe": name,
                    "cpu_seconds": round(spent, 2),
                    "accuracy": round(float((predicted == labels).double().mean()), 4),
                }
            )
            print(rows[-1], flush=True)
    save(rows, Path(__file__).with_suffix(".csv"))


if __name__ == "__main__":
    main()
