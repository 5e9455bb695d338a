"""Mutation testing: change one thing in the source at a time and see whether a test notices.

    nice python scripts/mutants.py --sample 300 --seed 0 --out mutants.jsonl
    nice python scripts/mutants.py --out mutants.jsonl --again             # what was not killed
    nice python scripts/mutants.py --out mutants.jsonl --only src/nearfar/ops/_tiles.py:12
    python scripts/mutants.py --report mutants.jsonl                       # the scores as a table

A process that has imported nearfar and collected the tests is forked for each mutant. The fork
gives the changed function its new code or, where something is changed that runs on import, starts
from a process that has torch but not nearfar and imports the changed source. So no file is touched
and nobody waits for torch. Before that every test runs once under coverage: a mutant meets only the
tests that execute its line, the quickest first. A mutant is killed by a test that fails with it
and, after the same other tests, passes without it.

Each trial is a line of `--out`: a run that was stopped goes on where it was, and a mutant that is
tried again has several. A person adds `{"file": …, "number": …, "result": "equivalent", "why": …}`
for a mutant that behaves as the source does, `immaterial` for one that no test should kill.
Needs the `dev` extra, and Unix for `fork`.
"""

from __future__ import annotations

import argparse
import ast
import gc
import json
import os
import random
import resource
import signal
import sys
import traceback
from collections.abc import Callable
from importlib.machinery import SourceFileLoader
from pathlib import Path
from typing import Any

from mutant_results import Results
from mutant_tests import Recorder, tests_for
from mutations import (
    ROOT,
    Mutant,
    functions_below,
    mutants_of,
    mutated,
    new_functions,
    put_in_place,
)

TESTS = {
    "objectives": ["objectives/test_*", "contract/test_objective*"],
    "diagnostics": ["diagnostics/test_*", "contract/test_diagnostic*"],
    "ops": ["ops/test_*", "objectives/test_*", "contract/test_objective*"],
    "training": ["training/test_[!k]*"],  # processes of test_kills would not see the mutant
}
"""Where the tests of a room are, below ``tests``; doctests of its own files come along."""
LEFT_OUT = ("triton", "__init__")  # kernels need a GPU; an __init__ only imports
PASSED, FAILED, BROKEN, NOT_HERE, TOO_LONG = 0, 1, 3, 4, 124  # exit codes of a forked process
NAMED = {PASSED: "survived", FAILED: "killed", TOO_LONG: "timeout", None: "unreached"}
IMPORTED = ("torch._dynamo", "torchvision.transforms.v2", "timm", "sklearn.linear_model")
IMPORTED += ("lightning_fabric", "hypothesis", "beartype", "jaxtyping", "scipy.stats", "pytest")
SETTLED = ["-q", "-o", "addopts=", "-p", "no:cacheprovider", "-p", "no:xdist", "--doctest-modules"]
SETTLED += ["-m", "not slow and not full", "-W", "ignore:Module already imported"]
SETTLED += ["--jaxtyping-packages=nearfar,typecheck.check"]


def in_child(work: Callable[[], int], *, seconds: float, log: Path) -> int:
    """The exit code of `work` in a process forked from this one that may compute so long."""
    process = os.fork()
    if process:
        _, status = os.waitpid(process, 0)
        code = os.WEXITSTATUS(status) if os.WIFEXITED(status) else TOO_LONG
        if code == BROKEN:  # an error of this script: it is no kill
            raise SystemExit(log.read_text(encoding="utf-8"))
        return code
    code = BROKEN
    try:
        resource.setrlimit(resource.RLIMIT_CPU, (int(seconds), int(seconds) + 5))
        signal.alarm(min(10 * int(seconds), 10**8))  # if it waits instead
        with log.open("w", encoding="utf-8") as file:
            os.dup2(file.fileno(), 1)
            os.dup2(file.fileno(), 2)
            code = work()
    except BaseException:
        with log.open("a", encoding="utf-8") as file:
            traceback.print_exc(file=file)
    finally:
        sys.stdout.flush()
        os._exit(code)


Run = Callable[[list[str]], int]


class Trials:
    """A mutant's tests up to the first that fails with it and passes without it."""

    def __init__(self, results: Results, log: Path, *, seconds: float = 40.0) -> None:
        self.results, self.log, self.killer = results, log, log.with_suffix(".killer")
        self.seconds = seconds
        self.unusable: set[str] = set()
        self.pass_unchanged: set[str] = set()

    def judge(self, mutant: Mutant, tests: list[str], run: Run, unchanged: Run) -> None:
        """`run` is pytest with the mutant, `unchanged` without; either says its exit code."""
        while True:
            tests = [name for name in tests if name not in self.unusable]
            self.killer.write_text("")
            code = self.fork(run, tests) if tests else None
            if code == NOT_HERE:
                return
            by = self.killer.read_text() if code == FAILED else None
            # without a killer the mutant could not be imported
            same = tests[: tests.index(by) + 1] if by else tests[:1]
            if code != FAILED or same[-1] in self.pass_unchanged:
                break
            if self.fork(unchanged, same) == PASSED:
                self.pass_unchanged.add(same[-1])
                break
            self.unusable.add(same[-1])
        self.results.add(mutant, NAMED[code], len(tests), by)

    def fork(self, run: Run, tests: list[str]) -> int:
        return in_child(lambda: run(tests), seconds=60 + 3 * self.seconds, log=self.log)


class Session:
    """Pytest plugin: instead of all tests once, those of each mutant in a fork of this process."""

    def __init__(self, mutants: list[Mutant], trials: Trials, times: Path) -> None:
        self.mutants, self.trials, self.times = mutants, trials, times

    def pytest_runtestloop(self, session: Any) -> bool:
        items = {item.nodeid: item for item in session.items}
        known = json.loads(self.times.read_text()) if self.times.exists() else {"seconds": {}}
        new = [item for item in session.items if item.nodeid not in known["seconds"]]
        if new:
            in_child(lambda: self.record(session, new), seconds=3600, log=self.trials.log)
            known = json.loads(self.times.read_text())

        def unchanged(tests: list[str]) -> int:
            return self.run(session, [items[name] for name in tests])

        there = functions_below(ROOT / "src")
        gc.collect()
        gc.freeze()  # or each fork copies what it looks through
        for mutant in self.mutants:
            functions = new_functions(mutant)
            if functions is None:
                continue

            def run(tests: list[str], mutant: Mutant = mutant, new: Any = functions) -> int:
                return unchanged(tests) if put_in_place(mutant, new, there) else NOT_HERE

            tests = tests_for(mutant, known, at_most=self.trials.seconds)
            self.trials.judge(mutant, [one for one in tests if one in items], run, unchanged)
        return True

    def record(self, session: Any, items: list[Any]) -> int:
        recorder = Recorder(self.times)
        session.config.pluginmanager.register(recorder)
        self.run(session, items, first=False)
        recorder.finish()
        return PASSED

    def run(self, session: Any, items: list[Any], *, first: bool = True) -> int:
        for item, following in zip(items, [*items[1:], None], strict=True):
            session.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
            if first and session.testsfailed:
                self.trials.killer.write_text(item.nodeid)
                return FAILED
        return PASSED


class Killer:
    """Pytest plugin: which test fails."""

    def __init__(self, out: Path) -> None:
        self.out = out

    def pytest_runtest_logreport(self, report: Any) -> None:
        if report.failed:
            self.out.write_text(report.nodeid)


def run_on_import(mutant: Mutant | None, tests: list[str], killer: Path) -> int:
    """Pytest in this process, which imports the mutant instead of the file."""
    import pytest

    path = str(ROOT / mutant.file) if mutant else ""
    tree, load = mutated(mutant) if mutant else None, SourceFileLoader.get_code

    def get_code(self: SourceFileLoader, fullname: str) -> Any:
        if tree and self.path == path:
            return self.source_to_code(ast.unparse(tree).encode(), path)
        return load(self, fullname)

    SourceFileLoader.get_code = get_code  # type: ignore[method-assign]
    code = pytest.main([*SETTLED, "-x", *tests], plugins=[Killer(killer)])
    return PASSED if code == 0 else FAILED


def asked_for() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rooms", nargs="+", default=[*TESTS], choices=[*TESTS])
    parser.add_argument("--sample", type=int, default=300)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--seconds", type=float, default=40.0, help="of tests for each mutant")
    parser.add_argument("--out", type=Path, default=Path("mutants.jsonl"))
    parser.add_argument("--again", action="store_true", help="only those in --out that survived")
    parser.add_argument("--only", nargs="+", metavar="FILE:NUMBER", help="these, not a sample")
    parser.add_argument("--report", type=Path, metavar="OUT", help="print the scores and end")
    parser.add_argument("--record", type=Path, help="with --report: write a short record")
    asked = parser.parse_args()
    asked.out = asked.out.resolve()
    return asked


def chosen(asked: argparse.Namespace, possible: list[Mutant], results: Results) -> list[Mutant]:
    if asked.only:
        return [one for one in possible if f"{one.file}:{one.number}" in asked.only]
    if asked.again:
        again = results.not_killed()
        return [one for one in possible if (one.file, one.number) in again]
    sample = random.Random(asked.seed).sample(possible, min(asked.sample, len(possible)))
    done = results.trials()
    return [one for one in sample if (one.file, one.number) not in done]


def main() -> None:
    asked = asked_for()
    if asked.report:
        results = Results(asked.report)
        print(results.table([*TESTS]))
        if asked.record:
            results.record(asked.record)
        return
    os.environ |= {"OMP_NUM_THREADS": "1", "PYTHONDONTWRITEBYTECODE": "1"}
    sys.path[:0] = [str(ROOT / "src"), str(ROOT)]
    os.chdir(ROOT)
    for name in IMPORTED:
        __import__(name)
    assert "nearfar" not in sys.modules, "mutants would come too late"
    import hypothesis

    hypothesis.settings.register_profile("mutants", database=None, derandomize=True)
    hypothesis.settings.load_profile("mutants")

    rooms: list[str] = asked.rooms
    files = [file for room in rooms for file in sorted((ROOT / "src/nearfar" / room).rglob("*.py"))]
    files = [file for file in files if not any(word in file.stem for word in LEFT_OUT)]
    possible = [mutant for file in files for mutant in mutants_of(file)]
    results, log = Results(asked.out), asked.out.with_suffix(".log")
    mutants, before = chosen(asked, possible, results), len(results.lines())
    trials = Trials(results, log.with_suffix(".one.log"), seconds=asked.seconds)
    times = asked.out.with_suffix(".tests.json")

    def collected() -> int:
        import pytest

        globs = dict.fromkeys(place for room in rooms for place in TESTS[room])
        paths = [str(path) for place in globs for path in sorted((ROOT / "tests").glob(place))]
        sources = [str(file) for file in files]
        session = Session(mutants, trials, times)
        code = pytest.main([*SETTLED, *dict.fromkeys(paths), *sources], plugins=[session])
        return PASSED if code in {0, 5} else BROKEN

    in_child(collected, seconds=10**6, log=log)
    known = json.loads(times.read_text())
    tried = {(line["file"], line["number"]) for line in results.lines()[before:]}
    for mutant in mutants:
        if (mutant.file, mutant.number) in tried:
            continue

        def run(tests: list[str], mutant: Mutant = mutant) -> int:
            return run_on_import(mutant, tests, trials.killer)

        def unchanged(tests: list[str]) -> int:
            return run_on_import(None, tests, trials.killer)

        tests = tests_for(mutant, known, at_most=trials.seconds)
        trials.judge(mutant, tests, run, unchanged)
    if asked.only or asked.again:
        for line in results.lines()[before:]:
            print(f"{line['file']}:{line['number']} {line['result']} {line.get('by', '')}")
    print(results.table([*TESTS]))
    print(f"of {len(possible)} possible, seed {asked.seed}")


if __name__ == "__main__":
    main()
