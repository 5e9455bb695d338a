"""Pickles are data: nothing that they name is imported or called."""

from __future__ import annotations

import copyreg
import io
import pickle
import sys
import zipfile
from collections import Counter, OrderedDict, defaultdict
from contextlib import suppress
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from nearfar.weights import open_weights
from nearfar.weights._pickled_data import Made, Named, UnreadablePickleError, read_pickle

CALLS: list[str] = []


def canary(*arguments: object, **keywords: object) -> Any:
    """Anything that calls it is found out."""
    CALLS.append("called")
    return SimpleNamespace()


class Canary:
    """A class every protocol method of which tells."""

    def __new__(cls, *arguments: object, **keywords: object) -> Canary:
        CALLS.append("new")
        return super().__new__(cls)

    def __setstate__(self, state: object) -> None:
        CALLS.append("setstate")

    def __hash__(self) -> int:
        CALLS.append("hash")
        return 0

    def __eq__(self, other: object) -> bool:
        CALLS.append("eq")
        return True


class Reduces:
    def __init__(self, by: Any, *arguments: Any) -> None:
        self.made = (by, arguments)

    def __reduce__(self) -> Any:
        return self.made


HERE = __name__.encode()
CALL = b"c" + HERE + b"\ncanary\n"
BAIT = b"(S'touch'\ntR"
PLACEMENTS: dict[str, bytes] = {
    "reduce": CALL + BAIT + b".",
    "reduce of a system call": b"cposix\nsystem\n(S'exit 3'\ntR.",
    "reduce of os": b"cos\nsystem\n(S'exit 3'\ntR.",
    "eval": b"cbuiltins\neval\n(S'1/0'\ntR.",
    "exec of Python 2": b"c__builtin__\nexec\n(S'1/0'\ntR.",
    "getattr": b"cbuiltins\ngetattr\n(c" + HERE + b"\nCanary\nS'__new__'\ntR.",
    "import": b"cbuiltins\n__import__\n(S'antigravity'\ntR.",
    "import of a module that does not exist": b"cno.such.module\nthing\n)R.",
    "module that imports at once": b"cantigravity\nfly\n.",
    "new object": b"c" + HERE + b"\nCanary\n)\x81.",
    "new object with keywords": b"c" + HERE + b"\nCanary\n)}\x92.",
    "build": b"c" + HERE + b"\nCanary\n)\x81}(S'a'\nK\x01ub.",
    "build of a name": CALL + b"}(S'__code__'\nNub.",
    "build with slots": b"c" + HERE + b"\nCanary\n)\x81N}S'__class__'\nNs\x86b.",
    "instance": b"(S'touch'\ni" + HERE + b"\ncanary\n.",
    "object": b"(" + CALL + b"S'touch'\no.",
    "stack global": b"\x80\x04\x8c" + bytes([len(HERE)]) + HERE + b"\x8c\x06canary\x93)R.",
    "dotted stack global": b"\x80\x04\x8c\x02os\x8c\x06system\x93\x8c\x06exit 3\x85R.",
    "extension": b"\x82\x07)R.",
    "in a list": b"](" + CALL + BAIT + b"e.",
    "in a dictionary": b"}(S'k'\n" + CALL + BAIT + b"u.",
    "as a key": b"}(c" + HERE + b"\nCanary\n)\x81K\x01u.",
    "in a set": b"\x80\x04\x8f(c" + HERE + b"\nCanary\n)\x81\x90.",
    "appended to": b"c" + HERE + b"\nCanary\n)\x81(K\x01e.",
    "set into": b"c" + HERE + b"\nCanary\n)\x81(K\x01K\x02u.",
    "as an argument": b"ccollections\nOrderedDict\n(](" + CALL + BAIT + b"etR.",
    "as a default": b"ccollections\ndefaultdict\n(" + CALL + b"tR.",
    "recalled": CALL + b"q\x00" + b"0h\x00)R.",
    "made by what was made": CALL + b")R)R.",
    "in a persistent reference": CALL + BAIT + b"Q.",
    "two in a row": CALL + b")R0" + CALL + b")R.",
    "torch.load": b"ctorch\nload\n(S'/nowhere'\ntR.",
    "a tensor of a storage from elsewhere": b"ctorch._utils\n_rebuild_tensor_v2\n("
    + CALL
    + b")RK\x00)))tR.",
    "a subclass that rebuilds": b"ctorch._tensor\n_rebuild_from_type_v2\n(" + CALL + b"N)NtR.",
    "torch.hub": b"ctorch.hub\nload\n(S'a/b'\nS'c'\ntR.",
    "a function of numpy": b"cnumpy.testing._private.utils\nrunstring\n(S'1/0'\n}tR.",
}


@pytest.mark.parametrize("name", PLACEMENTS)
@pytest.mark.parametrize("place", ["alone", "archive", "older"])
def test_nothing_is_called(name: str, place: str, tmp_path: Path) -> None:
    copyreg.add_extension(__name__, "canary", 7)
    try:
        CALLS.clear()
        if place == "alone":
            with suppress(UnreadablePickleError):
                read_pickle(io.BytesIO(PLACEMENTS[name]))
        else:
            file = tmp_path / "weights.pth"
            _hostile(file, PLACEMENTS[name], older=place == "older")
            with pytest.raises(ValueError, match=r"weights\.pth"):
                open_weights(file)
        assert CALLS == []
        assert not {"antigravity", "no", "this"} & set(sys.modules)
    finally:
        copyreg.remove_extension(__name__, "canary", 7)


def _hostile(file: Path, data: bytes, *, older: bool) -> None:
    """A file of torch.save with this pickle in it."""
    if not older:
        with zipfile.ZipFile(file, "w") as archive:
            archive.writestr("weights/data.pkl", data)
            archive.writestr("weights/version", "3\n")
        return
    torch.save({"a": torch.zeros(1)}, file, _use_new_zipfile_serialization=False)
    stream = io.BytesIO(file.read_bytes())
    for _ in range(3):
        read_pickle(stream)
    file.write_bytes(stream.getvalue()[: stream.tell()] + data + pickle.dumps([], 2))


@pytest.mark.parametrize("protocol", range(6))
def test_plain_values_are_themselves(protocol: int) -> None:
    value = {
        "numbers": [1, -1, 2**40, 2**400, 1.5, True, None],
        "texts": ("", "ä", b"bytes" if protocol > 2 else "x"),
        3: OrderedDict(a=[OrderedDict(), {}, ()]),
        "sets": {1, 2} if protocol > 3 else 0,
    }
    assert read_pickle(io.BytesIO(pickle.dumps(value, protocol))) == value


@pytest.mark.parametrize("protocol", range(2, 6))
def test_objects_are_notes_of_their_calls(protocol: int) -> None:
    made = read_pickle(io.BytesIO(pickle.dumps(SimpleNamespace(lr=0.1), protocol)))
    assert isinstance(made, Made)
    assert isinstance(made.by, Named)
    assert made.state == {"lr": 0.1}
    counted = Counter("aab")
    held = defaultdict(list, a=[1])
    assert read_pickle(io.BytesIO(pickle.dumps((counted, held), protocol))) == (counted, held)


def test_a_value_that_holds_itself() -> None:
    value: list[Any] = []
    value.append(value)
    found = read_pickle(io.BytesIO(pickle.dumps(value)))
    assert found[0] is found


@pytest.mark.parametrize(
    "data",
    [b"", b".", b"K", b"(", b"0.", b"R.", b"h\5.", b"K\1K\2s.", b"}]K\1s.", b"\xff.", b"e."],
)
def test_damaged_pickles_are_refused(data: bytes) -> None:
    with pytest.raises(UnreadablePickleError, match="pickle"):
        read_pickle(io.BytesIO(data))


def test_every_cut_of_a_file_is_refused_or_read(tmp_path: Path) -> None:
    whole = tmp_path / "whole.pth"
    torch.save({"w": torch.arange(6.0)}, whole, _use_new_zipfile_serialization=False)
    data, cut = whole.read_bytes(), tmp_path / "cut.pth"
    for length in range(0, len(data), 7):
        cut.write_bytes(data[:length])
        with pytest.raises(ValueError, match=r"cut\.pth"):
            open_weights(cut).read("w")


@pytest.mark.filterwarnings("ignore")
def test_a_program_is_not_run(tmp_path: Path) -> None:
    file = tmp_path / "program.pt"
    torch.jit.save(torch.jit.trace(torch.nn.Linear(2, 2), torch.zeros(1, 2)), file)
    with pytest.raises(ValueError, match="TorchScript"):
        open_weights(file)


def test_a_tensor_outside_of_its_storage_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "w.pth"
    torch.save({"w": torch.zeros(4)}, file)
    with zipfile.ZipFile(file) as archive:
        held = {entry: archive.read(entry) for entry in archive.namelist()}
    with zipfile.ZipFile(file, "w") as archive:
        for entry, data in held.items():
            larger = data.replace(b"K\x04\x85", b"K\x63\x85")
            archive.writestr(entry, larger if entry.endswith(".pkl") else data)
    with pytest.raises(ValueError, match="outside"):
        open_weights(file).read("w")
