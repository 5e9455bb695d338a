"""Tensors of a torch file, rebuilt from the calls that its pickle names."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from nearfar.weights._pickled_data import Made, Named, Persistent

__all__ = ["StoredTensor", "storage_type", "stored_tensor"]

_UTILS = "torch._utils."
_PLAIN = ("_rebuild_tensor", "_rebuild_tensor_v2", "_rebuild_tensor_v3")
_WRAPPED = (
    "_rebuild_parameter",
    "_rebuild_parameter_with_state",
    "_rebuild_device_tensor_from_cpu_tensor",
)
_STORAGES = {
    "DoubleStorage": torch.float64,
    "FloatStorage": torch.float32,
    "HalfStorage": torch.float16,
    "BFloat16Storage": torch.bfloat16,
    "LongStorage": torch.int64,
    "IntStorage": torch.int32,
    "ShortStorage": torch.int16,
    "CharStorage": torch.int8,
    "ByteStorage": torch.uint8,
    "BoolStorage": torch.bool,
    "ComplexFloatStorage": torch.complex64,
    "ComplexDoubleStorage": torch.complex128,
    "UntypedStorage": torch.uint8,
}


@dataclass(frozen=True, eq=False)
class StoredTensor:
    """Where in a file a tensor is; nothing is read before it is asked for.

    Attributes:
        key: Key of its storage in the file.
        stored: Type of the numbers of the storage.
        numbers: How many it has.
        dtype: Type of the numbers of the tensor, another one for untyped storages.
        offset: First number of the tensor.
        shape: Its shape.
        stride: Its strides.
    """

    key: str
    stored: torch.dtype
    numbers: int
    dtype: torch.dtype
    offset: int
    shape: tuple[int, ...]
    stride: tuple[int, ...]

    def read(self, storage: Callable[[str, int], Tensor]) -> Tensor:
        """The tensor.

        Args:
            storage: Returns bytes as a tensor, from the key of a storage and their number.

        Raises:
            ValueError: The tensor lies outside of its storage.
        """
        held = storage(self.key, self.numbers * self.stored.itemsize).view(self.dtype)
        steps = zip(self.shape, self.stride, strict=True)
        last = self.offset + sum((size - 1) * step for size, step in steps)
        count = math.prod(self.shape)
        if count > len(held) or (count and last >= len(held)):
            raise ValueError(
                f"a tensor of shape {self.shape} lies outside of its {len(held)} values"
            )
        return held.as_strided(self.shape, self.stride, self.offset).clone(
            memory_format=torch.contiguous_format
        )


def storage_type(kind: Any) -> torch.dtype | None:
    """The type of the numbers of a storage that a pickle names; None if there is none."""
    if not isinstance(kind, Named) or not kind.module.startswith("torch"):
        return None
    return _STORAGES.get(kind.name)


def stored_tensor(made: Any) -> StoredTensor | None:
    """The tensor that a call would rebuild; None for any other call.

    Parameters and subclasses are the tensor inside. Tensors that are sparse, nested, quantized or
    on no device have no plain numbers.

    Raises:
        ValueError: A call with arguments that do not describe a tensor.
    """
    while isinstance(made, Made) and isinstance(made.by, Named):
        path, arguments = made.by.path, made.arguments
        if not isinstance(arguments, tuple) or not arguments:
            return None
        name = path.removeprefix(_UTILS)
        if path == "torch._tensor._rebuild_from_type_v2" and len(arguments) == 4:
            made = Made(arguments[0], arguments[2])
        elif path == f"{_UTILS}{name}" and name in _PLAIN:
            return _placed(name, arguments)
        elif path == "torch.nn.parameter.Parameter" or name in _WRAPPED:
            made = arguments[0]
        else:
            return None
    return None


def _placed(name: str, arguments: tuple[Any, ...]) -> StoredTensor | None:
    storage, offset, shape, stride, *others = arguments
    if not isinstance(storage, Persistent):
        return None
    place = storage.key
    if not isinstance(place, tuple) or len(place) < 5 or place[0] not in ("storage", b"storage"):
        raise ValueError("a storage that is not described")
    stored = storage_type(place[1])
    if stored is None:
        return None  # of quantized numbers
    if len(place) > 5 and place[5] is not None:
        raise ValueError("a storage that is a part of another one, as torch wrote before 0.4")
    dtype = stored
    if name == "_rebuild_tensor_v3":
        dtype = _dtype(others[2] if len(others) > 2 else None)
    shape, stride = _sizes(shape), _sizes(stride)
    numbers = (place[4], offset)
    if len(shape) != len(stride) or any(type(n) is not int or n < 0 for n in numbers):
        raise ValueError("a tensor that is not described")
    return StoredTensor(str(place[2]), stored, place[4], dtype, offset, shape, stride)


def _sizes(values: Any) -> tuple[int, ...]:
    if isinstance(values, Made) and isinstance(values.by, Named) and values.by.name == "Size":
        values = values.arguments[0]
    if not isinstance(values, (tuple, list)) or any(type(n) is not int or n < 0 for n in values):
        raise ValueError("a tensor without a shape")
    return tuple(values)


def _dtype(named: Any) -> torch.dtype:
    known = {str(dtype): dtype for dtype in vars(torch).values() if isinstance(dtype, torch.dtype)}
    if not isinstance(named, Named) or named.path not in known:
        raise ValueError("a tensor of an unknown type")
    return known[named.path]
