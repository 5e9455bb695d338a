"""Run the steps of ``scripts/full`` and write their summary; needs only Python."""

from __future__ import annotations

import argparse
import hashlib
import os
import shutil
import subprocess
import sys
import time
import xml.etree.ElementTree as ET
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

ROOT = Path(__file__).parents[1]
SUMMARY = ROOT / "docs" / "full-check.md"
PLACE = Path(os.environ.get("NEARFAR_ENVIRONMENTS", ROOT / ".environments"))
SHOWN = ("torch", "numpy", "timm", "transformers", "torch-geometric", "onnxscript", "onnxruntime")


@dataclass(frozen=True)
class Environment:
    """Versions to test: Python interpreters in order of preference, extras, a constraints file."""

    pythons: tuple[str, ...]
    extras: str
    constraints: str | None = None


@dataclass(frozen=True)
class Step:
    """A command, its environment, which tests; with `all_run` none of these may be skipped."""

    environment: str
    what: str
    command: tuple[str, ...]
    all_run: bool = False
    marked: str = "full or not full"


@dataclass(frozen=True)
class Outcome:
    """Result of a step."""

    step: Step
    passed: int
    failed: int
    skipped: int
    seconds: float
    code: int

    @property
    def good(self) -> bool:
        return self.code == 0 and not (self.step.all_run and self.skipped)


ENVIRONMENTS = {
    "oldest": Environment(("python3.11",), "test,lint", "scripts/oldest.txt"),
    "between": Environment(("python3.12", "python3.11"), "test,lint", "scripts/between.txt"),
    "newest": Environment(("python3.11", "python3"), "dev"),
}

# all exports; all modalities trained, resumed, diagnosed; functions that depend on the system
EVERY_KIND = ("tests/api/test_exporting.py", "tests/api/test_kinds.py", "tests/ground")
PEERS = (
    "tests/api/test_run_loggers.py",
    "tests/diagnostics/test_peers.py",
    "tests/monitor",
    "tests/objectives/test_peers.py",
    "tests/objectives/test_siamese.py",
    "tests/speed",
    "tests/views/test_customviews.py",  # kornia
)
# no types in the oldest environment: decision 9 says what its stubs lack
STEPS = (
    Step("oldest", "all modalities", ("pytest", *EVERY_KIND)),
    Step("between", "all modalities", ("pytest", *EVERY_KIND)),
    Step("between", "types", ("mypy",)),
    Step("newest", "all modalities", ("pytest", *EVERY_KIND)),
    Step("newest", "types", ("mypy",)),
    Step("newest", "peers' packages", ("pytest", *PEERS), all_run=True),
    Step("newest", "every combination", ("pytest", "tests"), marked="full"),
    # planned: notebooks, runs with new seeds
)


def main() -> int:
    """Run the steps; the exit code is 1 if one failed."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--fresh", action="store_true", help="rebuild the environments")
    asked.add_argument("--only", nargs="*", choices=sorted(ENVIRONMENTS), help="environments")
    asked = asked.parse_args()
    steps = [step for step in STEPS if not asked.only or step.environment in asked.only]
    names = list(dict.fromkeys(step.environment for step in steps))
    for name in names:
        make(name, ENVIRONMENTS[name], fresh=asked.fresh)
    outcomes = [run(step) for step in steps]
    SUMMARY.write_text(summary(names, outcomes), encoding="utf-8")
    print(f"\n{SUMMARY.relative_to(ROOT)} is written")
    return 0 if all(outcome.good for outcome in outcomes) else 1


def make(name: str, known: Environment, *, fresh: bool) -> None:
    """Install an environment, unless it is up to date."""
    folder = PLACE / name
    if fresh:
        shutil.rmtree(folder, ignore_errors=True)
    content = (ROOT / "pyproject.toml").read_text(encoding="utf-8").split("[tool.ruff]")[0]
    content += (ROOT / known.constraints).read_text(encoding="utf-8") if known.constraints else ""
    mark, wanted = folder / "made-of", hashlib.sha256(content.encode()).hexdigest()
    if mark.exists() and mark.read_text(encoding="utf-8") == wanted:
        return
    print(f"── {name}: installing into {folder}", flush=True)
    if not folder.exists():
        found = next(filter(runs, known.pythons), sys.executable)
        subprocess.run([found, "-m", "venv", folder], check=True)
    narrowed = ["-c", known.constraints] if known.constraints else ["--upgrade"]
    command = [folder / "bin" / "pip", "install", "-q", *narrowed, "-e", f".[{known.extras}]"]
    subprocess.run(command, check=True, cwd=ROOT)
    mark.write_text(wanted, encoding="utf-8")


def runs(python: str) -> bool:
    """Whether this interpreter is installed; a shim on the path may stand for none."""
    found = shutil.which(python)
    return found is not None and subprocess.run([found, "-c", ""], check=False).returncode == 0


def command_of(step: Step, report: Path) -> list[str]:
    """The command of a step, with its environment's interpreter."""
    program, *rest = step.command
    python = str(PLACE / step.environment / "bin" / "python")
    command = [python, "-m", program, *rest]
    if program == "pytest":
        command += ["-q", "-m", step.marked, f"--junitxml={report}"]
    if program == "mypy":  # stubs of packages follow the interpreter they are installed for
        asked = "import sys; print('%d.%d' % sys.version_info[:2])"
        found = subprocess.run([python, "-c", asked], capture_output=True, text=True, check=True)
        command += ["--python-version", found.stdout.strip()]
    return command


def run(step: Step) -> Outcome:
    """Run a step; numbers of tests are read from the report of pytest."""
    report = PLACE / f"{step.environment}-report.xml"
    report.unlink(missing_ok=True)
    command = command_of(step, report)
    print(f"── {step.environment}: {' '.join(step.command)}", flush=True)
    start = time.monotonic()
    paths = {"PYTHONPATH": str(ROOT / "src"), "MYPY_CACHE_DIR": str(PLACE / "mypy")}
    code = subprocess.run(command, check=False, cwd=ROOT, env={**os.environ, **paths}).returncode
    seconds = time.monotonic() - start
    counts = dict.fromkeys(("tests", "failures", "errors", "skipped"), 0)
    if report.exists():
        suites = ET.parse(report).getroot().iter("testsuite")
        for suite in suites:
            counts = {key: counts[key] + int(suite.get(key, 0)) for key in counts}
    failed = counts["failures"] + counts["errors"]
    passed = counts["tests"] - failed - counts["skipped"]
    return Outcome(step, passed, failed, counts["skipped"], seconds, code)


def versions(name: str) -> str:
    """Versions of Python and of the most important packages."""
    program = "import platform, importlib.metadata as m; print(platform.python_version(), *("
    program += "".join(f"m.version('{package}')," for package in SHOWN) + "), sep=' | ')"
    command = [PLACE / name / "bin" / "python", "-c", program]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def summary(names: list[str], outcomes: list[Outcome]) -> str:
    """Write the page, which is committed."""
    revision = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"],
        check=False,
        capture_output=True,
        text=True,
        cwd=ROOT,
    )
    lines = [
        "---",
        "orphan: true",
        "---",
        "",
        "# The full check",
        "",
        "`scripts/full` runs a subset of the tests with the oldest versions that pyproject.toml"
        " allows, with",
        "an intermediate version of torch and with the newest versions, and the tests that CI"
        " leaves out. It wrote",
        "this page on",
        f"{datetime.now(UTC):%Y-%m-%d} at commit {revision.stdout.strip() or 'unknown'}.",
        "",
        f"| versions | Python | {' | '.join(SHOWN)} |",
        "|---" * (len(SHOWN) + 2) + "|",
        *(f"| {name} | {versions(name)} |" for name in names),
        "",
        "| versions | what | passed | failed | skipped | minutes | |",
        "|---|---|---|---|---|---|---|",
    ]
    for outcome in outcomes:
        counts = (outcome.passed, outcome.failed, outcome.skipped)
        shown = " | ".join(map(str, counts)) if sum(counts) else "– | – | –"
        verdict = "passed" if outcome.good else "**failed**"
        where = f"| {outcome.step.environment} | {outcome.step.what} (`{outcome.step.command[0]}`)"
        lines.append(f"{where} | {shown} | {outcome.seconds / 60:.1f} | {verdict} |")
    return "\n".join([*lines, ""])


if __name__ == "__main__":
    sys.exit(main())
