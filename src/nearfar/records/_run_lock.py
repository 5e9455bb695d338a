"""The lock on a run's directory: one process writes, and the others are told which."""

from __future__ import annotations

import json
import os
import platform
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Final, final

from nearfar._platform import lock
from nearfar.records._atomic_files import remove_leftovers

__all__ = ["LOCK", "TRAINS", "Holder", "RunInUseError", "holding"]

LOCK: Final = ".lock"
TRAINS: Final = "trains"
"""What the holder of a run in training does, for hours; all others write a file or two."""
_PATIENCE = 20.0  # seconds to wait for a holder that writes a file or two
_CERTAINTY = 0.25  # seconds after which a name in the lock is not that of a process before
_BETWEEN_TRIES = 0.02


@final
@dataclass(frozen=True)
class Holder:
    """The process that holds a run's lock.

    Attributes:
        host: Its computer.
        process: Its number there.
        since: When it took the lock: ``2026-03-01 13:05:10``.
        doing: What it does, as a verb.
    """

    host: str
    process: int
    since: str
    doing: str

    @classmethod
    def here(cls, doing: str) -> Holder:
        """This process, from now on."""
        since = datetime.now().astimezone().strftime("%Y-%m-%d %H:%M:%S")
        return cls(platform.node(), os.getpid(), since, doing)

    @classmethod
    def read(cls, path: Path) -> Holder | None:
        """The holder that a lock names; None before it has written its name."""
        try:
            with path.open("rb") as file:
                file.seek(1)  # Windows locks the first byte
                found = json.loads(file.read(4096))
            return cls(**{name: found[name] for name in ("host", "process", "since", "doing")})
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def write(self, path: Path) -> None:
        """Write the name into a lock that this process holds."""
        with path.open("r+b", buffering=0) as file:
            file.truncate(0)
            file.seek(1)
            file.write(json.dumps(asdict(self)).encode())


class RunInUseError(OSError, ValueError):
    """Another process writes into the run.

    Args:
        path: Directory of the run.
        holder: The process, if it has written its name.
    """

    def __init__(self, path: Path, holder: Holder | None) -> None:
        self.path, self.holder = path, holder
        who, doing = "another process", TRAINS
        if holder is not None:
            doing = holder.doing
            who = f"another process ({holder.process} on {holder.host}, since {holder.since})"
        super().__init__(f"{path} must not be in use, but {who} {doing} it")

    def __reduce__(self) -> tuple[type[RunInUseError], tuple[Path, Holder | None]]:
        return type(self), (self.path, self.holder)


@contextmanager
def holding(path: Path, *, doing: str = TRAINS) -> Iterator[None]:
    """A context in which this process alone writes into a run's directory.

    The system releases the lock when the process ends, however it ends. Leftovers of writes that a
    killed process had begun are removed. Where the file system has no locks there is none.

    Args:
        path: The directory, which exists.
        doing: What this process does, as a verb.

    Raises:
        RunInUseError: Another process trains the run, or has held it for 20 s.
        OSError: The directory is not writable.
    """
    file, began = path / LOCK, time.monotonic()
    with ExitStack() as held:
        while not _enter(held, file):
            holder, waited = Holder.read(file), time.monotonic() - began
            trains = holder is not None and holder.doing == TRAINS
            if waited > (_CERTAINTY if trains else _PATIENCE):
                raise RunInUseError(path, holder)
            time.sleep(_BETWEEN_TRIES)
        held.callback(_erase, file)
        with suppress(OSError):  # a full disk: the lock holds without a name
            Holder.here(doing).write(file)
        remove_leftovers(path)
        remove_leftovers(path / "checkpoints")
        yield


def _erase(file: Path) -> None:
    """Remove the holder's name; the run may have been deleted meanwhile."""
    with suppress(OSError):
        os.truncate(file, 0)


def _enter(held: ExitStack, file: Path) -> bool:
    """Take a lock, if it is free or the file system has none."""
    try:
        file.touch()
    except OSError as error:
        raise type(error)(error.errno, f"cannot write {file}: {error.strerror}") from error
    try:
        held.enter_context(lock(file, wait=False))
    except BlockingIOError:
        return False
    except OSError:
        pass
    return True
