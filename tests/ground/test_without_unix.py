"""Everything imports, and a run trains, where neither `resource` nor `fcntl` exists."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[2] / "src"
PROGRAM = """
import sys
for name in ("fcntl", "grp", "resource", "termios"):
    sys.modules[name] = None
import os
import types
for name in ("fork", "forkpty", "getuid", "geteuid", "sched_getaffinity", "killpg"):
    if hasattr(os, name):
        delattr(os, name)
import signal
for name in ("SIGKILL", "SIGHUP", "SIGALRM", "SIGUSR1"):
    delattr(signal, name)
import pkgutil
from importlib import import_module
import nearfar
for module in pkgutil.walk_packages(nearfar.__path__, "nearfar."):
    if "triton" not in module.name and not module.name.endswith("__main__"):
        import_module(module.name)
from sklearn.datasets import load_digits
images = load_digits().images[:64].astype("uint8") * 15
from nearfar import _platform
_platform._peak_working_set = lambda: 7 << 20
_platform._STATUS = _platform._CLEAR = _platform.Path("none")
sys.modules["msvcrt"] = types.SimpleNamespace(LK_NBLCK=2, LK_UNLCK=0, locking=lambda *of: None)
run = nearfar.pretrain("simclr", images, out=sys.argv[1], epochs=1, batch_size=32, image_size=8)
assert run.record.finished and run.record.peak_memory == 7 << 20, run.record
assert run.embed(images).shape[0] == 64
print("trained")
"""


@pytest.mark.slow
def test_every_room_imports_and_a_run_trains_without_what_only_unix_has(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(tmp_path / "run")],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": str(SOURCE), "USERNAME": "someone"},
    )
    assert done.stdout.splitlines()[-1:] == ["trained"], done.stderr
