"""Items of datasets and lists: which part of an item is the sample, and which its label."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, final

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor
from torch.utils.data import Dataset, IterableDataset, TensorDataset

from nearfar.data._files import IMAGE_ENDINGS, SOUND_ENDINGS, SOUND_SIGNATURES, list_names
from nearfar.data._label_names import LABELS
from nearfar.data._read_once import in_bytes
from nearfar.data._specs import array_of

__all__ = [
    "SAMPLES",
    "Entries",
    "Items",
    "called",
    "holds_arrays",
    "is_batched",
    "is_listed",
    "joined_batches",
    "kind_of_items",
    "label_of",
    "matrix_of_items",
    "name_of",
    "sample_of",
]

SAMPLES = (
    *("x", "x_train", "data", "image", "images", "img", "pixel_values", "vector", "vectors"),
    *("features", "embedding", "embeddings", "inputs", "text", "texts", "sentence"),
    *("sequence", "sequences", "series", "audio", "waveform", "array", "wave"),
)
"""Keys that samples usually have, the first of which counts."""
LOOKED_AT = 64  # items whose lengths are compared
NUMBERS = (np.ndarray, Tensor)


@final
class Items(Dataset[Any]):
    """Items of an object with a length and an index, as a PyTorch dataset.

    Args:
        items: A list, or a dataset that is not one of PyTorch.
        name: Short name; that of the object's class by default.

    Example:
        >>> items = Items(["a", "b"])
        >>> len(items), items[1], items.name
        (2, 'b', 'list')
    """

    def __init__(self, items: Any, *, name: str | None = None) -> None:
        self.items = items
        self.name = name or type(items).__name__.lower()

    def __len__(self) -> int:
        return len(self.items)

    def __getitem__(self, position: int) -> Any:
        return self.items[position]


@final
class Entries(Dataset[Any]):
    """One entry of each item of a dataset or list, as one half of pairs.

    Args:
        items: A dataset or list whose items are tuples or mappings.
        key: Place or key of the entry.

    Example:
        >>> Entries([("a photo", "its caption")], 1)[0]
        'its caption'
    """

    def __init__(self, items: Any, key: Any) -> None:
        self.items, self.key = items, key

    def __len__(self) -> int:
        return len(self.items)

    def __getitem__(self, position: int) -> Any:
        return self.items[position][self.key]


def is_listed(spec: Any) -> bool:
    """Whether an object is a list or a dataset with a length; the two halves of pairs are not."""
    pairs = isinstance(spec, tuple) and len(spec) == 2 and not isinstance(spec[0], str)
    if isinstance(spec, IterableDataset) or pairs:
        return False
    return isinstance(spec, (list, tuple, Dataset)) and hasattr(spec, "__len__")


def holds_arrays(spec: Any) -> bool:
    """Whether the samples of a list or dataset are arrays or tensors, by the first of them.

    >>> holds_arrays([(np.zeros((4, 9)), 1)]), holds_arrays(["a text"])
    (True, False)
    """
    if not is_listed(spec) or not len(spec):
        return False
    try:
        return isinstance(sample_of(spec[0]), NUMBERS)
    except (TypeError, ValueError, KeyError, IndexError, OSError):
        return False  # opening reports it


def sample_of(item: Any, key: str | None = None) -> Any:
    """The sample of an item: itself, the first of several entries, or that of a usual key.

    Args:
        item: An item of a dataset or list.
        key: Key of the sample in items that are mappings.

    Raises:
        TypeError: A mapping without a usual key, or several views instead of a sample.

    Example:
        >>> sample_of(("a text", 3)), sample_of({"label": 3, "text": "a text"}), sample_of([1, 2.5])
        ('a text', 'a text', [1, 2.5])
    """
    if isinstance(item, Mapping):
        return item if _is_file(item) else item[_key_of(item, key)]
    if not isinstance(item, (tuple, list)) or not item or _is_vector(item):
        return item
    first = item[0]
    if isinstance(first, (tuple, list)) and first and isinstance(first[0], (*NUMBERS, Image.Image)):
        raise TypeError(
            f"an item of `data` must hold one sample, got {len(first)} views of it: pass the"
            " dataset without its transform (dataset.transform = None)"
        )
    return first


def label_of(item: Any, key: str | None = None) -> Any:
    """The label of an item: its second entry, or that of a usual key; None if it has none.

    >>> label_of(("a text", 3)), label_of({"label": 3, "text": "a text"}), label_of("a text")
    (3, 3, None)
    """
    if isinstance(item, Mapping):
        usual = next((name for name in LABELS if name in item and name != _known_key(item)), None)
        return item.get(usual if key is None else key)
    if not isinstance(item, (tuple, list)) or len(item) < 2 or _is_vector(item):
        return None
    label = item[1]
    if isinstance(label, NUMBERS):
        values = array_of(label)
        return values.item() if values.size == 1 else values.tolist()
    return label if isinstance(label, (str, bytes, int, float, np.generic)) else None


def kind_of_items(spec: Any) -> str | None:
    """The modality that the first item of a dataset or list suggests; None if it suggests none.

    >>> kind_of_items([np.zeros(3)] * 2), kind_of_items([np.zeros(3), np.zeros(5)])
    ('vectors', 'sequences')
    """
    if not is_listed(spec) or not len(spec):
        return None
    try:
        first = sample_of(spec[0])
    except (TypeError, ValueError, KeyError, IndexError, OSError):
        return None  # opening reports it
    if isinstance(first, str):
        others = spec if isinstance(spec, (list, tuple)) else ()
        files = _names_image(first) and all(isinstance(t, str) and _names_image(t) for t in others)
        return "images" if files else "text"
    if isinstance(first, (Image.Image, Path, bytes, Mapping)):
        return None if _is_sound(first) else "images"
    if not (isinstance(first, NUMBERS) or _is_vector(first)):
        return None
    if is_batched(spec):
        return "vectors" if len(np.shape(first)) == 2 else "images"
    if len(np.shape(first)) in (2, 3):
        return "images"
    return None if len(np.shape(first)) != 1 else "vectors" if _equally_long(spec) else "sequences"


def matrix_of_items(spec: Any) -> tuple[Any, tuple[str, ...]]:
    """The vectors of a dataset or list as one matrix, and a note if items hold several rows.

    Raises:
        TypeError: Items that are not numbers; the message names the first.
        ValueError: Items of different lengths, or no items.
    """
    if isinstance(spec, TensorDataset) and spec.tensors[0].ndim == 2:
        return array_of(spec.tensors[0]), ()
    rows = [_numbers(sample_of(spec[row]), row, spec) for row in range(len(spec))]
    shapes = {row.shape for row in rows}
    if rows and all(len(shape) == 2 for shape in shapes) and len({s[1] for s in shapes}) == 1:
        return joined_batches(rows, spec)
    if len(shapes) > 1:
        listed = ", ".join(sorted("×".join(map(str, shape)) for shape in shapes)[:5])
        raise ValueError(
            f"vectors must be of one length, got items of shape {listed} in {called(spec)}:"
            " `modality`='sequences' takes series of different lengths"
        )
    matrix = np.stack(rows) if rows else np.zeros((0, 0))
    if isinstance(spec, (list, tuple)):
        return matrix, ()
    size = in_bytes(matrix.nbytes)
    return matrix, (f"{len(matrix):,} vectors of {called(spec)} read into memory ({size})",)


def is_batched(spec: Any) -> bool:
    """Whether the first item of a list or dataset has several samples.

    It has if it has four axes, as a batch of images, or two and a label for each row.

    >>> is_batched([(np.zeros((2, 5)), np.array([0, 1]))]), is_batched([(np.zeros((2, 5)), 1)])
    (True, False)
    """
    if not holds_arrays(spec):
        return False
    shape, label = np.shape(sample_of(spec[0])), label_of(spec[0])
    rows = len(label) if isinstance(label, list) else 1 if shape[0] == 1 else 0
    return len(shape) == 4 or (len(shape) == 2 and label is not None and shape[0] == rows)


def joined_batches(batches: list[Any], spec: Any) -> tuple[NDArray[Any], tuple[str, ...]]:
    """The samples of batches as one array, and a note.

    Raises:
        ValueError: Batches of samples of different shapes.
    """
    arrays = [
        array_of(batch) if isinstance(batch, Tensor) else np.asarray(batch) for batch in batches
    ]
    shapes = {array.shape[1:] for array in arrays}
    if len(shapes) > 1:
        listed = ", ".join(sorted("×".join(map(str, shape)) for shape in shapes)[:5])
        raise ValueError(
            f"batches of {called(spec)} must have samples of one shape, got {listed}: take them"
            " apart, [sample for batch in data for sample in batch]"
        )
    joined = np.concatenate(arrays)
    several = f"{len(arrays):,} items of {called(spec)} are batches: their {len(joined):,} rows"
    return joined, (f"{several} are the samples",)


def name_of(spec: Any) -> str:
    """Short name of a dataset or list: that of its class.

    >>> name_of([3])
    'list'
    """
    return spec.name if isinstance(spec, Items) else type(spec).__name__.lower()


def called(spec: Any) -> str:
    """Name of the class of a dataset or list, for messages.

    >>> called(Items("ab", name="letters")), called([3])
    ('letters', 'list')
    """
    return spec.name if isinstance(spec, Items) else type(spec).__name__


def _key_of(item: Mapping[Any, Any], key: str | None) -> Any:
    found = _known_key(item) if key is None else key
    if found is None or found not in item:
        wanted = f"the key {key}" if key else "a key such as x, image, text or audio"
        plain = all(isinstance(value, (str, int, float)) for value in item.values())
        raise TypeError(
            f"an item of `data` must have {wanted}, got {list_names(list(map(str, item)))}"
            + (": pass a table, pandas.DataFrame(list(data))" if plain and item else "")
        )
    return found


def _known_key(item: Mapping[Any, Any]) -> Any:
    """The usual key of the sample, else the only entry that can be one."""
    usual = next((name for name in SAMPLES if name in item), None)
    fitting = [
        name
        for name, value in item.items()
        if name not in LABELS
        and (isinstance(value, Image.Image) or (isinstance(value, NUMBERS) and np.ndim(value) > 0))
    ]
    return usual or (fitting[0] if len(fitting) == 1 else None)


def _is_file(item: Mapping[Any, Any]) -> bool:
    """Whether an entry is a file as Hugging Face stores it."""
    return set(item) <= {"bytes", "path"} and bool(item)


def _is_vector(item: Any) -> bool:
    """Whether an item is a list of plain numbers."""
    numbers = (int, float, np.integer, np.floating)
    return isinstance(item, list) and bool(item) and all(isinstance(v, numbers) for v in item)


def _equally_long(spec: Any) -> bool:
    picked = np.unique(np.linspace(0, len(spec) - 1, min(LOOKED_AT, len(spec))).astype(int))
    return len({np.shape(sample_of(spec[row])) for row in picked.tolist()}) == 1


def _names_image(text: str) -> bool:
    return text.lower().endswith(IMAGE_ENDINGS) and "\n" not in text


def _is_sound(value: Any) -> bool:
    if isinstance(value, Mapping):
        value = value.get("bytes") or Path(str(value.get("path")))
    if isinstance(value, bytes):
        return value.startswith(SOUND_SIGNATURES) or value[8:12] == b"WAVE"
    return isinstance(value, Path) and value.name.lower().endswith(SOUND_ENDINGS)


def _numbers(sample: Any, row: int, spec: Any) -> NDArray[Any]:
    array = array_of(sample) if isinstance(sample, Tensor) else np.asarray(sample)
    if array.dtype.kind not in "biuf" or not array.ndim:
        raise TypeError(
            f"vectors must be lists, arrays or tensors of numbers, got {type(sample).__name__} in"
            f" row {row} of {called(spec)}"
        )
    return array
