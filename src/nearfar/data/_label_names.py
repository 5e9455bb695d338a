"""What arrays and columns that hold labels are called."""

from __future__ import annotations

__all__ = ["LABELS", "TEST_LABELS"]

LABELS = (
    *("y", "labels", "label", "targets", "target", "class", "category"),
    *("y_train", "train_labels"),
)
TEST_LABELS = ("y_test", "test_labels")
