"""Datasets of Hugging Face's library and their splits."""

from __future__ import annotations

from typing import Any

__all__ = ["first_dataset", "hub_split", "is_hub", "test_name"]

TEST = ("test", "validation", "valid", "val")


def is_hub(spec: Any) -> bool:
    """Whether an object is a dataset of Hugging Face's library, or several splits of one."""
    return type(spec).__module__.partition(".")[0] == "datasets"


def hub_split(spec: Any, split: str) -> list[Any]:
    """The datasets of a split: of a DatasetDict by name, otherwise the dataset itself.

    Raises:
        ValueError: The test set of data that have none.
    """
    if not isinstance(spec, dict):
        if split == "test":
            raise ValueError("a dataset has no official test set: use `split`='train'")
        return [spec]
    test = test_name(spec)
    if split == "all":
        return list(spec.values())
    if split == "train":
        names = [name for name in spec if name != test]
        return [spec["train"]] if "train" in spec else [spec[name] for name in names]
    if test is None:
        raise ValueError(f"no split of {', '.join(spec)} is an official test set")
    return [spec[test]]


def test_name(spec: Any) -> str | None:
    """Name of the test set among the splits; None without one."""
    names = list(spec)
    return next((name for name in TEST if name in names and len(names) > 1), None)


def first_dataset(spec: Any) -> Any:
    """The dataset, or the first of several splits."""
    return next(iter(spec.values()), None) if isinstance(spec, dict) else spec
