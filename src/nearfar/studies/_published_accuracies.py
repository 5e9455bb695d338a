"""Published accuracies on CIFAR-10 with a ResNet-18, for comparison with long runs."""

from __future__ import annotations

__all__ = ["PUBLISHED", "SOURCES"]

# preset → kNN of lightly (200 epochs, batch 512), linear of solo-learn (1,000 epochs)
_CIFAR10: dict[str, tuple[float | None, float | None]] = {
    "barlow_twins": (81.9, 92.10),
    "byol": (86.8, 92.58),
    "moco_v2": (84.7, 92.94),
    "simclr": (84.8, 90.74),
    "simsiam": (76.4, 90.51),
    "swav": (84.2, 89.17),
    "vicreg": (None, 92.07),
}
PUBLISHED = {
    name: ", ".join(
        words
        for words in (
            "" if knn is None else f"kNN {knn:.1f}",
            "" if linear is None else f"linear {linear:.1f}",
        )
        if words
    )
    for name, (knn, linear) in _CIFAR10.items()
}
SOURCES = (
    "published, kNN: lightly, docs/source/getting_started/benchmarks.rst, CIFAR-10, ResNet-18, 200"
    " epochs, batch 512, the best epoch by accuracy on the test set",
    "published, linear: solo-learn, README, CIFAR-10, ResNet-18, 1,000 epochs, an online linear"
    " classifier (MoCo is its MoCo v2+)",
)
