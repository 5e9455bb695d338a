"""Files of ``torch.save``, read without unpickling: zip archives, and the older format."""

from __future__ import annotations

import mmap
import sys
import zipfile
from contextlib import closing
from io import BytesIO
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from nearfar.weights._named_tensors import item_sizes
from nearfar.weights._pickled_data import read_pickle
from nearfar.weights._stored_tensors import StoredTensor

__all__ = ["TorchFile", "open_torch_file"]

_MAGIC = 0x1950A86A20F9469CFC6C
_HEADER = 30  # bytes of the fixed part of an entry's own header in a zip archive


class TorchFile:
    """The content of a file of ``torch.save`` as plain data, and the numbers of its tensors.

    Attributes:
        path: The file.
        content: The object that was saved, with tensors and objects as the calls that make them.
    """

    def __init__(self, path: Path, content: Any, places: dict[str, tuple[int, int]]) -> None:
        self.path, self.content = path, content
        self._places = places

    def read(self, tensor: StoredTensor) -> Tensor:
        """A tensor of the content.

        Raises:
            ValueError: Its numbers are not in the file.
        """
        return tensor.read(self._storage)

    def _storage(self, key: str, size: int) -> Tensor:
        if key not in self._places:
            raise ValueError(f"no storage {key}")
        start, held = self._places[key]
        if held < size:
            raise ValueError(f"storage {key} has {held:,} bytes of {size:,}: the file is cut off")
        if not size:
            return torch.empty(0, dtype=torch.uint8)
        with self.path.open("rb") as file:
            file.seek(start)
            part = bytearray(file.read(size))
        if len(part) < size:
            raise ValueError(f"storage {key} ends early: the file is cut off")
        return torch.frombuffer(part, dtype=torch.uint8)


def open_torch_file(path: Path) -> TorchFile:
    """Read the structure of a file of ``torch.save``; nothing in it is run or imported.

    Args:
        path: The file: ``.pt``, ``.pth``, ``.ckpt`` or ``.bin`` of any version of torch since 0.4.

    Raises:
        ValueError: Another format, a damaged file, or one that holds a program (TorchScript).
    """
    try:
        if zipfile.is_zipfile(path):
            return _open_archive(path)
        return _open_older(path)
    except (zipfile.BadZipFile, EOFError, OSError, ValueError) as error:
        if isinstance(error, FileNotFoundError):
            raise
        raise ValueError(f"{path} cannot be read as a file of torch.save: {error}") from error


def _open_archive(path: Path) -> TorchFile:
    with zipfile.ZipFile(path) as archive:
        entries = {entry.filename: entry for entry in archive.infolist()}
        pickles = [name for name in entries if name == "data.pkl" or name.endswith("/data.pkl")]
        if not pickles:
            raise ValueError("an archive without data.pkl")
        root = min(pickles, key=len).removesuffix("data.pkl")
        if f"{root}constants.pkl" in entries:
            raise ValueError(
                "it is a program of TorchScript, which would have to be run: save the"
                " state_dict() of the module instead"
            )
        order = archive.read(f"{root}byteorder") if f"{root}byteorder" in entries else b"little"
        if order.decode("ascii", "replace") != sys.byteorder:
            raise ValueError(f"its numbers are {order!r}-endian, those of this computer are not")
        if any(entry.compress_type != zipfile.ZIP_STORED for entry in entries.values()):
            raise ValueError("it is compressed, which torch.save never does")
        content = read_pickle(BytesIO(archive.read(f"{root}data.pkl")))
        stored = [entry for name, entry in entries.items() if name.startswith(f"{root}data/")]
        with path.open("rb") as raw:
            places = {
                entry.filename.removeprefix(f"{root}data/"): (_start(raw, entry), entry.file_size)
                for entry in stored
            }
    return TorchFile(path, content, places)


def _start(raw: Any, entry: zipfile.ZipInfo) -> int:
    """Where the bytes of an entry begin, behind its own header.

    Their check sums are not compared: torch can be told not to write them.
    """
    raw.seek(entry.header_offset)
    header = raw.read(_HEADER)
    if len(header) < _HEADER:
        raise ValueError("the file is cut off")
    lengths = int.from_bytes(header[26:28], "little") + int.from_bytes(header[28:30], "little")
    return int(entry.header_offset + _HEADER + lengths)


def _open_older(path: Path) -> TorchFile:
    if not path.stat().st_size:
        raise ValueError("it is empty")
    with (
        path.open("rb") as file,
        closing(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)) as mapped,
    ):
        if mapped[:1] not in (b"\x80",):
            raise ValueError("it is neither a zip archive nor a pickle")
        if read_pickle(mapped) != _MAGIC:
            raise ValueError("it is a pickle, but not one of torch.save")
        read_pickle(mapped)  # version of the protocol
        system = read_pickle(mapped)
        little = system.get("little_endian", True) if isinstance(system, dict) else True
        if little is not (sys.byteorder == "little"):
            raise ValueError("its numbers have another order of bytes than this computer")
        content = read_pickle(mapped)
        keys = read_pickle(mapped)
        if not isinstance(keys, list):
            raise ValueError("it does not list its storages")
        sizes = item_sizes(content)
        places: dict[str, tuple[int, int]] = {}
        place = mapped.tell()
        for key in map(str, keys):
            numbers = int.from_bytes(mapped[place : place + 8], "little", signed=True)
            if numbers < 0 or key not in sizes:
                raise ValueError("it does not describe its storages")
            places[key] = (place + 8, min(numbers * sizes[key], max(0, len(mapped) - place - 8)))
            place += 8 + numbers * sizes[key]
    return TorchFile(path, content, places)
