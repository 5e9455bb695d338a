"""Run the shell blocks of a page: each ``nearfar`` line, on tiny data and for an epoch."""

from __future__ import annotations

import contextlib
import io
import os
import re
import shlex
import shutil
from collections.abc import Iterable
from pathlib import Path

from nearfar.cli import main

__all__ = ["EXEMPT", "Shell", "commands_in"]

# what is not run, by how it begins, and why
EXEMPT = {
    "pip install": "needs a package index; .ci/run installs so",
    "python3 -m venv": "makes an environment, which .ci/run does",
    "source ": "enters an environment",
    "git clone": "needs a network",
    "pytest": "is what runs this",
    "pre-commit install": "writes into the clone's .git",
    "scripts/": "runs the tests, and these among them",
}
PLACEHOLDERS = {
    "METHOD": "simclr",
    "COMMAND": "probe",
    "RUN": "runs/simclr-digits",
    "SOURCE": "digits",
}
# runs that a page takes for granted, from the pages before it
EARLIER = {
    "runs/simclr-digits": "nearfar train simclr --data digits",
    "runs/byol-digits": "nearfar train byol --data digits",
}
WIDE = ("barlow_twins", "vicreg")  # projectors of three times 8,192
# exit codes of a command that did its work: a claim that does not hold on tiny data is no
# fault, nor is an alarm
DONE = {"study": (0, 1), "diagnose": (0, 3)}
EPOCHS = {"nearfar train simclr --data digits": 6}  # its verdict is shown, so it must be healthy


class Shell:
    """A session's commands: a training or a probe that was run before is not run again.

    Args:
        store: A folder for finished runs, on the disk of the readers' folders.
    """

    def __init__(self, store: Path) -> None:
        self._store = store
        self._printed: dict[str, str] = {}

    def run(self, command: str, *, ask_only: bool = False) -> str:
        """Run a command that a page shows; what it prints.

        Args:
            command: As typed.
            ask_only: Take the help of the command with these flags instead.

        Raises:
            AssertionError: The exit code is not 0, or the command is neither nearfar's nor exempt.
        """
        if any(command.startswith(start) for start in EXEMPT):
            return ""
        name, *words = shlex.split(command, comments=True)
        assert name == "nearfar", f"no rule for {command!r}"
        words = [PLACEHOLDERS.get(word, word) for word in words]
        self.provide(word.removesuffix("/recipe.toml") for word in words)
        if ask_only:
            return _printed_by([*words, "--help"], command)
        if words[0] == "train" and not {"--help", "--resume"} & set(words):
            return self._train(shortened(words, epochs=EPOCHS.get(command, 1)), command)
        if words[0] == "study" and "--data" in words:
            words += ["--seeds", "1", "--samples", "256", "--labeled", "128"]
        if words[0] != "probe":
            return _printed_by(words, command)
        if shlex.join(words) not in self._printed:
            self._printed[shlex.join(words)] = _printed_by(words, command)
        return self._printed[shlex.join(words)]

    def provide(self, runs: Iterable[str]) -> None:
        """Train those of these runs that an earlier page has and this one has not."""
        for run in EARLIER.keys() & set(runs):
            if not Path(run).exists():
                self.run(EARLIER[run])

    def _train(self, words: list[str], command: str) -> str:
        key = shlex.join(words)
        kept = self._store / str(len(self._printed))
        if key not in self._printed:
            printed = _printed_by(words, command)
            shutil.copytree(_saved(printed), kept, copy_function=os.link)
            self._printed[key] = f"{kept}\n{printed}"
            return printed
        kept, _, printed = self._printed[key].partition("\n")
        shutil.copytree(kept, _saved(printed), copy_function=os.link)
        return printed


def commands_in(text: str) -> list[str]:
    """The commands of a shell block, one by one, without their environment's folder."""
    lines = text.replace("\\\n", " ").splitlines()
    parts = [part for line in lines for part in re.split(r" && ", line)]
    commands = [re.sub(r"\s+#.*$", "", part).strip().removeprefix(".venv/bin/") for part in parts]
    return [command for command in commands if command and not command.startswith("#")]


def shortened(words: list[str], *, epochs: int) -> list[str]:
    """The same training with small numbers: every flag is parsed, nothing takes long."""
    small = {"--epochs": str(epochs)}
    if "--batch-size" in words:
        small["--batch-size"] = "8"
    if "--micro-batch" in words:
        small["--micro-batch"] = "4"
    if "--setting" in words or ("resnet18" in words and "--image-size" not in words):
        small |= {"--encoder": "convnet", "--image-size": "32", "--batch-size": "8"}
    if words[1] in WIDE:
        small["--method.hidden"] = "64"
    for name, value in small.items():
        if name in words:
            place = words.index(name)
            words = [*words[: place + 1], value, *words[place + 2 :]]
        else:
            words = [*words, name, value]
    return words


def _saved(printed: str) -> str:
    """The directory of a run, from the line that names it."""
    found = re.search(r"^saved +(\S+)/", printed, flags=re.MULTILINE)
    assert found is not None, printed
    return found[1]


def _printed_by(words: list[str], command: str) -> str:
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = main(words)
    assert code in DONE.get(words[0], (0,)), (
        f"{command!r}, run as {shlex.join(words)!r}: {err.getvalue()}"
    )
    return out.getvalue()
