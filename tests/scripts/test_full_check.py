"""The full check runs, without skips, what CI leaves out."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.floors.test_dependencies import EXTRAS, imports, names_of

sys.path.insert(0, str(Path(__file__).parents[2] / "scripts"))

import full_check

ROOT = Path(__file__).parents[2]
PEERS = names_of([*EXTRAS["peers"], *EXTRAS["bench"]]) - names_of([*EXTRAS["all"]])


def installed_in(environment: str) -> set[str]:
    return names_of([f"nearfar[{full_check.ENVIRONMENTS[environment].extras}]"])


def steps(what: str) -> list[full_check.Step]:
    return [step for step in full_check.STEPS if step.what == what]


def test_types_are_checked_wherever_the_stubs_of_other_packages_allow_it() -> None:
    checked = [step.environment for step in steps("types")]
    assert checked == ["between", "newest"]
    assert [name for name in checked if "mypy" not in installed_in(name)] == []


@pytest.mark.slow
def test_tests_that_compare_with_peers_run_where_these_are_and_may_not_be_skipped() -> None:
    (step,) = steps("peers' packages")
    assert step.all_run
    assert installed_in(step.environment) >= PEERS
    needing = {
        str(file.relative_to(ROOT))
        for file in (ROOT / "tests").rglob("test_*.py")
        if PEERS & {package for package, _ in imports(file.read_text("utf-8"))}
    }
    assert "tests/views/test_customviews.py" in needing
    assert {file for file in needing if not file.startswith(step.command[1:])} == set()


def test_the_command_of_a_step_is_that_of_its_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    python = tmp_path / "between" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.symlink_to(sys.executable)
    monkeypatch.setattr(full_check, "PLACE", tmp_path)
    report = tmp_path / "report.xml"
    tests, types = (step for step in full_check.STEPS if step.environment == "between")
    command = full_check.command_of(tests, report)
    assert command[:3] == [str(python), "-m", "pytest"]
    assert command[-3:] == ["-m", "full or not full", f"--junitxml={report}"]
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    assert full_check.command_of(types, report)[1:] == ["-m", "mypy", "--python-version", version]


def test_the_files_that_steps_name_exist() -> None:
    named = [path for step in full_check.STEPS for path in step.command[1:]]
    assert len(named) > 10
    assert [path for path in named if not (ROOT / path).exists()] == []
