"""Mutants are what they say, and what counts as killed was killed by a test."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from types import FunctionType

import pytest

pytest.importorskip("resource")  # Unix
sys.path.insert(0, str(Path(__file__).parents[2] / "scripts"))

import mutants
import mutations
from mutant_results import Results
from mutations import Mutant, functions_below, mutants_of, new_functions, put_in_place

SOURCE = '''
LIMIT = 3

def small(x):
    """Whether x is below the limit."""
    return x < LIMIT

def twice(function):
    def wrapper():
        function()
    return wrapper

def grow():
    GROWN.append(-LIMIT)

GROWN = []
grow = twice(grow)
'''


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(mutations, "ROOT", tmp_path)
    mutations._functions.cache_clear()
    file = tmp_path / "module.py"
    file.write_text(SOURCE, encoding="utf-8")
    return file


def imported(file: Path) -> dict[str, FunctionType]:
    names: dict[str, FunctionType] = {}
    exec(compile(SOURCE, str(file), "exec"), names)
    return names


def test_the_mutants_of_a_file(file: Path) -> None:
    assert [(one.line, one.change) for one in mutants_of(file)] == [
        (2, "3  →  4"),
        (6, "return x < LIMIT  →  return None"),
        (6, "x < LIMIT  →  x <= LIMIT"),
        (10, "function()  →  pass"),
        (11, "return wrapper  →  return None"),
        (14, "GROWN.append(-LIMIT)  →  pass"),
        (14, "-LIMIT  →  LIMIT"),
    ]


def test_a_function_gets_its_new_code_though_objects_object_to_be_asked(file: Path) -> None:
    class Prickly:
        @property
        def __class__(self) -> type:
            raise FutureWarning("deprecated")

    prickly, names = Prickly(), imported(file)  # noqa: F841
    mutant = mutants_of(file)[2]
    functions = new_functions(mutant)
    assert functions is not None
    assert not names["small"](3)
    assert put_in_place(mutant, functions, functions_below(file.parent))
    assert names["small"](3)


def test_what_runs_on_import_or_closes_over_less_is_not_put_in_place(file: Path) -> None:
    names = imported(file)
    on_import, no_call = mutants_of(file)[0], mutants_of(file)[3]
    assert new_functions(on_import) is None
    functions = new_functions(no_call)
    assert functions is not None
    assert not put_in_place(no_call, functions, functions_below(file.parent))
    names["grow"]()
    assert names["GROWN"] == [-3]


class Here(mutants.Trials):
    """Without processes."""

    def fork(self, run: mutants.Run, tests: list[str]) -> int:
        return run(tests)


@pytest.mark.parametrize(
    ("failing", "broken", "result", "by"),
    [
        ({"b"}, set(), "killed", "b"),
        (set(), set(), "survived", None),
        ({"b"}, {"b"}, "survived", None),
        ({"b", "c"}, {"b"}, "killed", "c"),
        ({"a", "b", "c"}, {"a", "b", "c"}, "unreached", None),
    ],
)
def test_a_test_that_fails_anyway_kills_nothing(
    tmp_path: Path, failing: set[str], broken: set[str], result: str, by: str | None
) -> None:
    results = Results(tmp_path / "mutants.jsonl")
    trials = Here(results, tmp_path / "log")

    def run(fails: set[str], tests: list[str]) -> int:
        for name in tests:
            if name in fails:
                trials.killer.write_text(name)
                return mutants.FAILED
        return mutants.PASSED

    mutant = Mutant("src/nearfar/ops/_ring_log_sum_exp.py", 3, 10, "constant", "1  →  2")
    trials.judge(
        mutant, ["a", "b", "c"], lambda tests: run(failing, tests), lambda tests: run(broken, tests)
    )
    (line,) = results.lines()
    assert (line["result"], line.get("by")) == (result, by)


def test_an_error_of_the_script_is_no_kill(tmp_path: Path) -> None:
    def work() -> int:
        raise RuntimeError("not the mutant")

    with pytest.raises(SystemExit, match="RuntimeError: not the mutant"):
        mutants.in_child(work, seconds=60, log=tmp_path / "log")


def test_the_table_counts_first_and_last_trials(tmp_path: Path) -> None:
    trials = [
        ("ops", 0, "killed"),
        ("ops", 1, "survived"),
        ("ops", 2, "unreached"),
        ("ops", 3, "survived"),
        ("training", 0, "timeout"),
        ("training", 1, "survived"),
        ("ops", 1, "killed"),
        ("ops", 3, "equivalent"),
        ("training", 1, "immaterial"),
    ]
    out = tmp_path / "mutants.jsonl"
    out.write_text(
        "".join(
            json.dumps({"file": f"src/nearfar/{room}/_x.py", "number": number, "result": result})
            + "\n"
            for room, number, result in trials
        ),
        encoding="utf-8",
    )
    assert Results(out).table(["ops", "training"]).splitlines()[2:] == [
        "| ops | 4 | 1 | 2 | 1 | 0 | 1 | 66.7% |",
        "| training | 2 | 1 | 1 | 0 | 1 | 0 | 50.0% |",
        "| all | 6 | 2 | 3 | 1 | 1 | 1 | 60.0% |",
    ]
    assert Results(out).not_killed() == {("src/nearfar/ops/_x.py", 2)}
    short = tmp_path / "short.jsonl"
    Results(out).record(short)
    rooms = ["ops", "training"]
    assert Results(short).table(rooms) == Results(out).table(rooms)
    assert Results(short).not_killed() == Results(out).not_killed()


def test_the_page_on_testing_shows_the_table_of_its_record() -> None:
    docs = Path(mutants.ROOT) / "docs"
    table = Results(docs / "mutants.jsonl").table([*mutants.TESTS])
    assert table in (docs / "testing.md").read_text(encoding="utf-8")
