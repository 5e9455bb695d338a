"""Names of arrays and columns that are labels."""

__all__ = ["LABELS", "TEST_LABELS"]

LABELS = (
    *("y", "labels", "label", "targets", "target", "class", "category"),
    *("y_train", "train_labels"),
)
"""Names of arrays and columns that are recognised as labels."""
TEST_LABELS = ("y_test", "test_labels")
"""Names of the labels of an official test set."""
