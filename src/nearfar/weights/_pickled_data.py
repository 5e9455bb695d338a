"""Pickles read as data: nothing that a pickle names is imported, and nothing is called."""

from __future__ import annotations

import pickletools
from collections.abc import Callable
from dataclasses import dataclass, field
from io import BufferedIOBase
from mmap import mmap
from typing import Any, TypeAlias

__all__ = ["Made", "Named", "Persistent", "PickleFile", "UnreadablePickleError", "read_pickle"]


PickleFile: TypeAlias = BufferedIOBase | mmap
"""What a pickle is read from: a binary file or a memory map."""


class UnreadablePickleError(ValueError):
    """A pickle that ends early, or whose operations do not fit together."""


@dataclass(frozen=True, eq=False, slots=True)
class Named:
    """A class or function that a pickle names. It is a name only."""

    module: str
    name: str

    @property
    def path(self) -> str:
        """Module and name, ``torch._utils._rebuild_tensor_v2``."""
        return f"{self.module}.{self.name}"


@dataclass(eq=False, slots=True, repr=False)
class Made:
    """What a pickle asks to be made by a call: the call and its later state, never carried out.

    Attributes:
        by: What would be called, usually a :class:`Named`.
        arguments: Its arguments.
        entries: What would be appended.
        items: What would be set by key.
        state: What would be handed to ``__setstate__``; None if nothing.
    """

    by: Any
    arguments: Any
    entries: list[Any] = field(default_factory=list)
    items: dict[Any, Any] = field(default_factory=dict)
    state: Any = None


@dataclass(frozen=True, eq=False, slots=True, repr=False)
class Persistent:
    """A reference to something outside of the pickle, such as a storage of a tensor."""

    key: Any


def read_pickle(file: PickleFile) -> Any:
    """The object of a pickle; the file is left behind its end.

    Numbers, texts, bytes, lists, tuples, sets and dictionaries are themselves, and an
    ``OrderedDict``, a ``defaultdict`` or a ``Counter`` is a dictionary. Anything else is a
    :class:`Made` or a :class:`Named`. Only the operations of the pickle are interpreted, on data of
    these types: there is no way from the file to an import, a call, an attribute or a registered
    extension.

    Args:
        file: The pickle.

    Raises:
        UnreadablePickleError: A damaged pickle.

    Example:
        >>> import io, pickle
        >>> read_pickle(io.BytesIO(pickle.dumps({"sizes": (1, 2)})))
        {'sizes': (1, 2)}
        >>> found = read_pickle(io.BytesIO(pickle.dumps(print)))
        >>> type(found).__name__, found.path
        ('Named', 'builtins.print')
    """
    machine = _Machine()
    try:
        for operation, argument, _ in pickletools.genops(file):  # type: ignore[arg-type]
            if operation.name == "STOP":
                return machine.pop()
            _OPERATIONS[operation.name](machine, argument)
    except UnreadablePickleError:
        raise
    except KeyError as error:
        raise UnreadablePickleError(f"a pickle with {error}, which is not supported") from None
    except (ValueError, TypeError, IndexError, AttributeError, OverflowError) as error:
        raise UnreadablePickleError(f"a damaged pickle: {error}") from None
    raise UnreadablePickleError("a pickle without an end")


_DICTIONARIES = frozenset(
    f"{module}.{name}"
    for module, name in (
        ("collections", "OrderedDict"),
        ("collections", "defaultdict"),
        ("collections", "Counter"),
        ("builtins", "dict"),
        ("__builtin__", "dict"),
    )
)


class _Machine:
    """The stack and the memo of a pickle."""

    def __init__(self) -> None:
        self.stack: list[Any] = []
        self.marks: list[int] = []
        self.memo: dict[int, Any] = {}

    def push(self, value: Any) -> None:
        self.stack.append(value)

    def pop(self) -> Any:
        if len(self.stack) <= (self.marks[-1] if self.marks else 0):
            raise UnreadablePickleError("a damaged pickle: it takes more than it has put")
        return self.stack.pop()

    def top(self) -> Any:
        value = self.pop()
        self.push(value)
        return value

    def mark(self) -> None:
        self.marks.append(len(self.stack))

    def since_mark(self) -> list[Any]:
        start = self.marks.pop()
        values = self.stack[start:]
        del self.stack[start:]
        return values

    def make(self, by: Any, arguments: Any) -> None:
        """Put what a call would make: a dictionary, or a note of the call."""
        if isinstance(by, Named) and by.path in _DICTIONARIES:
            given = arguments[-1] if isinstance(arguments, tuple) and arguments else ()
            self.push(dict(given) if isinstance(given, (dict, list, tuple)) else {})
        else:
            self.push(Made(by, arguments))

    def append(self, values: list[Any]) -> None:
        target = self.top()
        if isinstance(target, Made):
            target.entries.extend(values)
        elif type(target) is list:
            target.extend(values)
        elif type(target) is set:
            target.update(values)
        else:
            raise UnreadablePickleError("a damaged pickle: it appends to what is no list")

    def set_items(self, values: list[Any]) -> None:
        target = self.top()
        items = target.items if isinstance(target, Made) else target
        if type(items) is not dict:
            raise UnreadablePickleError("a damaged pickle: it sets a key of what is no dictionary")
        items.update(zip(values[::2], values[1::2], strict=True))

    def build(self) -> None:
        state = self.pop()
        target = self.top()
        if isinstance(target, Made):
            target.state = state

    def reversed_pair(self) -> tuple[Any, Any]:
        second = self.pop()
        return self.pop(), second


def _named(machine: _Machine, argument: str) -> Named:
    module, _, name = argument.partition(" ")
    return Named(module, name)


def _stack_global(machine: _Machine, argument: Any) -> None:
    module, name = machine.reversed_pair()
    if not isinstance(module, str) or not isinstance(name, str):
        raise UnreadablePickleError("a damaged pickle: a name that is no text")
    machine.push(Named(module, name))


def _reduce(machine: _Machine, argument: Any) -> None:
    machine.make(*machine.reversed_pair())


def _new_with_keywords(machine: _Machine, argument: Any) -> None:
    keywords = machine.pop()
    by, arguments = machine.reversed_pair()
    machine.push(Made(by, (arguments, keywords)))


def _instance(machine: _Machine, argument: str) -> None:
    machine.make(_named(machine, argument), tuple(machine.since_mark()))


def _object(machine: _Machine, argument: Any) -> None:
    by, *arguments = machine.since_mark()
    machine.make(by, tuple(arguments))


def _tuple_of(count: int) -> Callable[[_Machine, Any], None]:
    def put(machine: _Machine, argument: Any) -> None:
        values = [machine.pop() for _ in range(count)]
        machine.push(tuple(reversed(values)))

    return put


def _constant(value: Any) -> Callable[[_Machine, Any], None]:
    return lambda machine, _: machine.push(value)


def _remember(machine: _Machine, argument: int | None) -> None:
    machine.memo[len(machine.memo) if argument is None else argument] = machine.top()


def _discard(machine: _Machine, argument: Any) -> None:
    if machine.marks and machine.marks[-1] == len(machine.stack):
        machine.marks.pop()
    else:
        machine.pop()


def _recall(machine: _Machine, argument: int) -> None:
    if argument not in machine.memo:
        raise UnreadablePickleError("a damaged pickle: it recalls what it has not stored")
    machine.push(machine.memo[argument])


def _pairs(values: list[Any]) -> dict[Any, Any]:
    return dict(zip(values[::2], values[1::2], strict=True))


_CONSTANTS = {"NONE": None, "NEWTRUE": True, "NEWFALSE": False, "EMPTY_TUPLE": ()}
_VALUES = (
    *("INT", "BININT", "BININT1", "BININT2", "LONG", "LONG1", "LONG4", "FLOAT", "BINFLOAT"),
    *("STRING", "BINSTRING", "SHORT_BINSTRING", "UNICODE", "SHORT_BINUNICODE", "BINUNICODE"),
    *("BINUNICODE8", "BINBYTES", "SHORT_BINBYTES", "BINBYTES8", "BYTEARRAY8"),
)

_OPERATIONS: dict[str, Callable[[_Machine, Any], Any]] = {
    **dict.fromkeys(_VALUES, _Machine.push),
    **{name: _constant(value) for name, value in _CONSTANTS.items()},
    **dict.fromkeys(("GET", "BINGET", "LONG_BINGET"), _recall),
    **dict.fromkeys(("PUT", "BINPUT", "LONG_BINPUT", "MEMOIZE"), _remember),
    **dict.fromkeys(("PROTO", "FRAME"), lambda m, _: None),
    **dict.fromkeys(
        ("EXT1", "EXT2", "EXT4"), lambda m, code: m.push(Named("copyreg", f"extension {code}"))
    ),
    "EMPTY_LIST": lambda m, _: m.push([]),
    "EMPTY_DICT": lambda m, _: m.push({}),
    "EMPTY_SET": lambda m, _: m.push(set()),
    "LIST": lambda m, _: m.push(m.since_mark()),
    "DICT": lambda m, _: m.push(_pairs(m.since_mark())),
    "FROZENSET": lambda m, _: m.push(frozenset(m.since_mark())),
    "TUPLE": lambda m, _: m.push(tuple(m.since_mark())),
    "TUPLE1": _tuple_of(1),
    "TUPLE2": _tuple_of(2),
    "TUPLE3": _tuple_of(3),
    "APPEND": lambda m, _: m.append([m.pop()]),
    "APPENDS": lambda m, _: m.append(m.since_mark()),
    "ADDITEMS": lambda m, _: m.append(m.since_mark()),
    "SETITEM": lambda m, _: m.set_items(list(m.reversed_pair())),
    "SETITEMS": lambda m, _: m.set_items(m.since_mark()),
    "MARK": lambda m, _: m.mark(),
    "POP": _discard,
    "POP_MARK": lambda m, _: m.since_mark(),
    "DUP": lambda m, _: m.push(m.top()),
    "GLOBAL": lambda m, path: m.push(_named(m, path)),
    "STACK_GLOBAL": _stack_global,
    "REDUCE": _reduce,
    "NEWOBJ": _reduce,
    "NEWOBJ_EX": _new_with_keywords,
    "INST": _instance,
    "OBJ": _object,
    "BUILD": lambda m, _: m.build(),
    "PERSID": lambda m, key: m.push(Persistent(key)),
    "BINPERSID": lambda m, _: m.push(Persistent(m.pop())),
}
