"""Run a function in several processes that form a gloo group, and return its results."""

from __future__ import annotations

import multiprocessing
import os
import pickle
import tempfile
import time
import traceback
from collections.abc import Callable
from datetime import timedelta
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import Any

import torch
from torch import distributed

from nearfar.checks import check_integer

__all__ = ["run_processes"]

TIMEOUT = 300.0  # seconds


def run_processes(function: Callable[..., Any], world_size: int, *args: Any) -> list[Any]:
    """Run ``function(*args)`` in several processes on this machine; return its results by rank.

    The processes form a gloo group, so that :func:`nearfar.parallel.gather` and similar functions
    work in them. On Linux and macOS they are forked from a server, which imports the modules given
    to ``multiprocessing.set_forkserver_preload`` once for all of them.

    Args:
        function: Function at the top level of an importable module; a script must guard its entry
            point with ``if __name__ == "__main__"``.
        world_size: Number of processes.
        *args: Arguments, which are pickled, like the results; tensors do not share memory.

    Raises:
        RuntimeError: A process failed or did not respond within five minutes. The message contains
            the traceback of the process that failed first, as the others usually fail as a
            consequence.

    Example:
        >>> from nearfar.parallel import rank
        >>> run_processes(rank, 2)
        [0, 1]
    """
    check_integer(at_least=1, world_size=world_size)
    context = _context()
    with tempfile.TemporaryDirectory() as folder:
        meeting = (Path(folder) / "meeting").as_uri()
        processes, readers = [], []
        for rank in range(world_size):
            reader, writer = context.Pipe(duplex=False)
            work = (writer, rank, world_size, meeting, pickle.dumps((function, args)))
            process = context.Process(target=_work, args=work, daemon=True)
            process.start()
            writer.close()
            processes.append(process)
            readers.append(reader)
        try:
            return _collect(readers)
        finally:
            for process in processes:
                process.join(timeout=5)
                if process.is_alive():
                    process.kill()
                    process.join()


def _context() -> Any:
    """A context whose processes share imports if the system supports it."""
    if "forkserver" not in multiprocessing.get_all_start_methods():
        return multiprocessing.get_context("spawn")
    return multiprocessing.get_context("forkserver")


def _collect(readers: list[Connection]) -> list[Any]:
    deadline = time.monotonic() + TIMEOUT
    results: dict[int, Any] = {}
    failures: list[tuple[float, int, str]] = []
    open_readers = list(readers)
    while open_readers:
        ready = wait(open_readers, timeout=max(0.0, deadline - time.monotonic()))
        if not ready:
            silent = [readers.index(reader) for reader in open_readers]
            failures.append((time.monotonic(), silent[0], f"no response from processes {silent}"))
            break
        for reader in ready:
            assert isinstance(reader, Connection)
            rank = readers.index(reader)
            open_readers.remove(reader)
            try:
                failed_at, answer = pickle.loads(reader.recv_bytes())
            except EOFError:
                failed_at, answer = time.monotonic(), "the process ended without a response"
            if failed_at is None:
                results[rank] = answer
            else:
                failures.append((failed_at, rank, answer))
                deadline = min(deadline, time.monotonic() + 10)  # others may be waiting for it
    if failures:
        _, rank, answer = min(failures)
        raise RuntimeError(f"process {rank} of {len(readers)} failed first:\n{answer}")
    return [results[rank] for rank in range(len(readers))]


def _work(writer: Connection, rank: int, world_size: int, meeting: str, task: bytes) -> None:
    os.environ.update(RANK=str(rank), WORLD_SIZE=str(world_size), LOCAL_RANK=str(rank))
    torch.set_num_threads(1)
    torch.manual_seed(0)
    try:
        distributed.init_process_group(
            "gloo",
            init_method=meeting,
            rank=rank,
            world_size=world_size,
            timeout=timedelta(seconds=TIMEOUT),
        )
        function, args = pickle.loads(task)
        answer: tuple[float | None, Any] = (None, function(*args))
        distributed.barrier()  # no process exits while another still needs it
        distributed.destroy_process_group()
    except BaseException:
        answer = (time.monotonic(), traceback.format_exc())
    writer.send_bytes(pickle.dumps(answer))
    writer.close()
