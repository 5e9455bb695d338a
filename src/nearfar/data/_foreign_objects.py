"""Objects of other libraries, as what the modalities open.

Libraries are recognised by the names of modules and by what objects can do; none is imported. What
a modality needs of them in addition is in :mod:`nearfar.data._fitted_objects`.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, final

import numpy as np
from PIL import Image
from torch import Tensor
from torch.utils.data import DataLoader, Dataset, IterableDataset, Subset

from nearfar.data._columnar_files import column_values, is_frame
from nearfar.data._hub_datasets import is_hub
from nearfar.data._items import Items, is_listed, kind_of_items
from nearfar.data._loader_samples import loaded, rows_of_batch, selected
from nearfar.data._named_arrays import chosen_array, is_array_like, rows_of_columns
from nearfar.data._read_once import kept_items
from nearfar.data._source import Source
from nearfar.data._sparse_rows import GraphParts, SparseRows, is_sparse
from nearfar.data.graphs._network_files import is_network
from nearfar.data.graphs._reading import is_graph_object

__all__ = ["Taken", "refuse_foreign", "taken"]

CONVERSIONS = {
    "dgl": "torch_geometric.utils.from_dgl({name})",
    "igraph": "{name}.to_networkx()",
    "tensorflow": "{name}.numpy()",
    "xarray": "{name}.values",
    "dask": "{name}.compute()",
    "pyspark": "{name}.toPandas()",
    "cudf": "{name}.to_pandas()",
    "cupy": "{name}.get()",
    "modin": "{name}._to_pandas()",
    "anndata": "{name}.X",
    "duckdb": "{name}.df()",
}
"""By the name of a library, the expression that makes one of its objects into data."""


@final
@dataclass(frozen=True)
class Taken:
    """An object of another library that was recognised.

    Attributes:
        data: What the built-in modalities open.
        given: The object, for modalities of other packages.
        notes: What was taken of it and what was not.
        labels: One label per sample by name, if they are apart from the samples; the usual name
            first.
    """

    data: Any
    given: Any
    notes: tuple[str, ...] = ()
    labels: Mapping[str, Any] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.data)


def taken(spec: Any, *, argument: str = "data") -> Any:
    """An object as data that can be opened several times; anything else unchanged.

    Iterables are read, so that this must be called once for a generator.

    Args:
        spec: Data of any kind, as given by the user.
        argument: Name of the argument for messages.

    Returns:
        A :class:`Taken`; or `spec`, if it needs no conversion.

    Raises:
        TypeError: An object that is not data; the message names a conversion where there is one.
        ValueError: An iterable without an end or without items.

    Example:
        >>> taken(iter(["one text", "another"])).data
        ['one text', 'another']
        >>> taken("digits")
        'digits'
    """
    if isinstance(spec, (Taken, str, Path, Source)):
        return spec
    if isinstance(spec, tuple) and len(spec) == 2 and not isinstance(spec[0], str):
        sides = tuple(taken(side, argument=argument) for side in spec)
        return spec if all(a is b for a, b in zip(sides, spec, strict=True)) else Taken(sides, spec)
    found = _converted(spec, argument)
    if found is None or isinstance(found, Taken):
        return spec if found is None else found
    return Taken(found, spec)


def refuse_foreign(spec: Any, *, argument: str = "data") -> None:
    """Raise an error for an object of a library that has a conversion of its own.

    Raises:
        TypeError: Such an object; the message has the expression that converts it.
    """
    library, name = type(spec).__module__.partition(".")[0], type(spec).__name__
    if getattr(getattr(spec, "dtype", None), "names", None):
        name = "structured array"
        how = f"numpy.lib.recfunctions.structured_to_unstructured({argument})"
    elif isinstance(spec, (set, frozenset)):
        raise TypeError(f"`{argument}` must be ordered, got a {name}: pass sorted({argument})")
    elif name == "LazyFrame":
        how = f"{argument}.collect()"
    elif library in CONVERSIONS:
        how = CONVERSIONS[library].format(name=argument)
    else:
        return
    raise TypeError(f"`{argument}` must be converted, got a {name} of {library}: pass {how}")


def _converted(spec: Any, argument: str) -> Any:
    """An object of a library as data or as :class:`Taken`; None if it needs no conversion."""
    for holds, convert in WAYS:
        if holds(spec):
            return convert(spec, argument)
    return None


def _again(data: Any, argument: str, given: Any, note: str = "") -> Taken:
    """What was found inside an object, converted in its turn."""
    inner = taken(data, argument=argument)
    notes = (note,) if note else ()
    if isinstance(inner, Taken):
        return Taken(inner.data, given, (*notes, *inner.notes), inner.labels)
    return Taken(inner, given, notes)


def _of_loader(loader: Any, argument: str) -> Taken:
    graph = getattr(loader, "data", None)
    if is_graph_object(graph):
        name = type(loader).__name__
        return Taken(graph, loader, (f"of the {name} only its graph is used, not its batches",))
    dataset, note = loaded(loader, argument=argument)
    found = _again(dataset, argument, loader, note)
    named = getattr(loader.collate_fn, "__name__", "")
    if named.startswith("default_") or not is_listed(found.data) or kind_of_items(found.data):
        return found
    kept, read = kept_items(_collated(loader, found.data), argument=argument, name="DataLoader")
    made = _again(kept, argument, loader, f"samples are what {named} makes of each item: {read}")
    return replace(made, notes=(note, *made.notes))


def _collated(loader: Any, items: Any) -> Iterator[Any]:
    """What the collate function of a loader makes of each item, where only this is a sample."""
    for place in range(len(items)):
        if loader.batch_sampler is None:
            yield loader.collate_fn(items[place])
        else:
            yield from rows_of_batch(loader.collate_fn([items[place]]))


def _of_stream(dataset: Any, argument: str) -> Any:
    """A streamed dataset of Hugging Face, or several by name, read into memory."""
    if isinstance(dataset, Mapping):
        parts = {name: _of_stream(part, argument) for name, part in dataset.items()}
        notes = tuple(f"{name}: {part.notes[0]}" for name, part in parts.items())
        splits = sys.modules["datasets"].DatasetDict({n: part.data for n, part in parts.items()})
        return Taken(splits, dataset, notes)
    features = dataset.features
    media = [
        (name, feature)
        for name, feature in (features or {}).items()
        if type(feature).__name__ in ("Image", "Audio")
    ]
    for name, feature in media:  # as files, which take less memory
        dataset = dataset.cast_column(name, type(feature)(decode=False))
    kept, note = kept_items(dataset, argument=argument, name="streaming")
    held = sys.modules["datasets"].Dataset.from_list(kept, features=dataset.features)
    for name, feature in media:
        held = held.cast_column(name, feature)
    return Taken(held, dataset, (note,))


def _of_iterable(items: Any, argument: str) -> Taken:
    """An object that can be iterated only, as the list of its items."""
    name = type(items).__name__
    each = items.as_numpy_iterator() if hasattr(items, "as_numpy_iterator") else items
    kept, note = kept_items(each, argument=argument, name=name)
    return _again(kept, argument, items, note)


def _of_mapping(held: Any, argument: str) -> Any:
    """Named arrays, as in a file of them; the parts of a graph."""
    arrays = {str(key): value for key, value in dict(held).items()}
    rows = rows_of_columns(arrays)
    if kind_of_items(rows) is not None:
        return Taken(rows, held)
    found = chosen_array(arrays, held, argument)
    if isinstance(found, GraphParts):
        return found
    inner = taken(found.values, argument=argument)
    data = inner.data if isinstance(inner, Taken) else inner
    return Taken(data, held, found.notes, found.labels)


def _of_subset(subset: Any, argument: str) -> Any:
    """Some rows of a dataset of Hugging Face; other subsets are datasets of PyTorch."""
    return _again(selected(subset.dataset, list(map(int, subset.indices))), argument, subset)


def _of_graphs(dataset: Any, argument: str) -> Taken:
    """The only graph of a dataset or list of graphs."""
    if len(dataset) > 1:
        raise TypeError(
            f"`{argument}` must be one graph, whose nodes are the samples, got"
            f" {len(dataset):,} graphs in a {type(dataset).__name__}: pass"
            f" torch_geometric.data.Batch.from_data_list(list({argument}))"
        )
    return Taken(dataset[0], dataset)


def _of_array_like(values: Any, argument: str) -> Any:
    """Arrays of other libraries, such as JAX, h5py and zarr."""
    return np.asarray(values)


def _of_column(column: Any, argument: str) -> Any:
    """A column of objects, as the list of them; a column of texts stays as it is."""
    values = column_values(column) or []
    known = [value for value in values if value is not None]
    if known and isinstance(known[0], str) and kind_of_items(known) != "images":
        return None
    if known and isinstance(known[0], (int, float, bool)):
        library = type(column).__module__.partition(".")[0]
        how = {"numpy": "{}.astype(float)[:, None]", "pyarrow": "pyarrow.table({{'x': {}}})"}
        raise TypeError(
            f"`{argument}` must have several features per sample, got one column of numbers in a"
            f" {type(column).__name__}: pass {how.get(library, '{}.to_frame()').format(argument)}"
        )
    return [np.asarray(v) if isinstance(v, list) else v for v in values]


def _has_conversion(spec: Any) -> bool:
    """Whether an object is left to modalities of other packages, or refused."""
    if hasattr(spec, "as_numpy_iterator"):
        return False
    try:
        refuse_foreign(spec)
    except TypeError:
        return True
    return False


def _is_column(spec: Any) -> bool:
    package = type(spec).__module__.partition(".")[0]
    objects = package == "numpy" and getattr(getattr(spec, "dtype", None), "kind", "") == "O"
    if not (objects or package in ("pandas", "polars", "pyarrow")):
        return False
    return not is_frame(spec) and getattr(spec, "ndim", 1) == 1


def _is_stream(spec: Any) -> bool:
    first = next(iter(spec.values()), None) if isinstance(spec, Mapping) else spec
    return is_hub(spec) and not hasattr(first, "__len__")


def _is_mapping(spec: Any) -> bool:
    return (isinstance(spec, Mapping) or hasattr(spec, "keys")) and not (
        is_hub(spec) or is_graph_object(spec) or is_frame(spec)
    )


def _is_graph_list(spec: Any) -> bool:
    if not is_listed(spec) or not len(spec):
        return False
    of_graphs = any(kind.__module__.startswith("torch_geometric.") for kind in type(spec).__mro__)
    first = spec[0] if isinstance(spec, (list, tuple)) or of_graphs else None
    return first is not None and is_graph_object(first)


def _is_indexed(spec: Any) -> bool:
    """Whether an object is a dataset with a length and an index, but not one of PyTorch."""
    if isinstance(spec, (list, tuple, np.ndarray, Tensor, Dataset, Mapping, bytes, range)):
        return False
    if is_hub(spec) or is_frame(spec) or is_graph_object(spec) or isinstance(spec, type):
        return False
    library = type(spec).__module__.partition(".")[0]
    if library in ("pandas", "polars", "pyarrow") or is_network(spec):
        return False
    return hasattr(type(spec), "__len__") and hasattr(type(spec), "__getitem__")


def _is_iterable(spec: Any) -> bool:
    if isinstance(spec, IterableDataset):
        return True
    indexed = hasattr(type(spec), "__getitem__")
    known = is_graph_object(spec) or is_network(spec) or is_frame(spec)
    known = known or isinstance(spec, (bytes, type, Tensor))
    return isinstance(spec, Iterable) and not (indexed or known)


WAYS: tuple[tuple[Callable[[Any], bool], Callable[[Any, str], Any]], ...] = (
    (lambda spec: isinstance(spec, DataLoader), _of_loader),
    (_is_stream, _of_stream),
    (lambda spec: isinstance(spec, Image.Image), lambda spec, argument: [spec]),
    (_has_conversion, lambda spec, argument: None),
    (is_sparse, lambda spec, argument: SparseRows(spec)),
    (lambda spec: isinstance(spec, Tensor) and spec.is_nested, lambda spec, _: list(spec.unbind())),
    (lambda spec: isinstance(spec, Subset) and is_hub(spec.dataset), _of_subset),
    (_is_graph_list, _of_graphs),
    (_is_column, _of_column),
    (is_array_like, _of_array_like),
    (_is_mapping, _of_mapping),
    (_is_indexed, lambda spec, argument: Items(spec)),
    (_is_iterable, _of_iterable),
)
"""What is recognised, in this order, and how it is converted."""
