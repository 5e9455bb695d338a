"""The lock on a run: one writer, its name, and its end with the process."""

from __future__ import annotations

import os
import pickle
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from nearfar.records._run_lock import LOCK, RunInUseError, holding

HOLD = """
import sys, time
from pathlib import Path
from nearfar.records._run_lock import holding
with holding(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(60)
"""


def test_the_second_is_told_who_holds_a_run_until_that_process_dies(tmp_path: Path) -> None:
    (tmp_path / ".run.json.12ab.part").touch()  # as a kill leaves it
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path)], stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "held\n"
        told = f"another process .{other.pid} on .* trains it"
        with pytest.raises(RunInUseError, match=told), holding(tmp_path):
            pass
        os.kill(other.pid, signal.SIGKILL)
    with holding(tmp_path, doing="writes the report of"):
        assert sorted(path.name for path in tmp_path.iterdir()) == [LOCK]


def test_threads_exclude_each_other_and_the_error_can_be_sent(
    tmp_path: Path,
) -> None:
    for _ in range(2):
        with holding(tmp_path), pytest.raises(RunInUseError) as error, holding(tmp_path):
            pass
    copied = pickle.loads(pickle.dumps(error.value))
    assert (str(copied), copied.holder) == (str(error.value), error.value.holder)
    assert isinstance(copied, ValueError)
