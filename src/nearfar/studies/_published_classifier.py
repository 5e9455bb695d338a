"""The classifier of Deep Graph Infomax's published evaluation."""

from __future__ import annotations

import torch
from torch import nn

from nearfar.studies._embeddings_of_run import Embeddings

__all__ = ["published_classifier"]

_UPDATES, _RATE = 100, 0.01


def published_classifier(embeddings: Embeddings, *, fits: int = 10) -> float:
    """Mean accuracy of logistic regressions of random initial weights, 100 updates of Adam each.

    Args:
        embeddings: The embeddings of the labelled nodes.
        fits: Number of classifiers.
    """
    train, labels = embeddings.fitted, embeddings.fitted_labels
    accuracies = []
    for fit in range(fits):
        with torch.random.fork_rng(devices=[]), torch.enable_grad():
            torch.manual_seed(fit)
            classifier = nn.Linear(train.shape[1], int(labels.max()) + 1)
            nn.init.xavier_uniform_(classifier.weight)
            nn.init.zeros_(classifier.bias)
            optimizer = torch.optim.Adam(classifier.parameters(), lr=_RATE)
            for _ in range(_UPDATES):
                optimizer.zero_grad()
                loss = nn.functional.cross_entropy(classifier(train), labels)
                torch.autograd.backward(loss)
                optimizer.step()
        right = classifier(embeddings.tests).argmax(dim=1) == embeddings.test_labels
        accuracies.append(float(right.double().mean()))
    return sum(accuracies) / fits
