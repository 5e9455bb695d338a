"""Mutation testing: make one small change to the source at a time and check that a test fails.

    nice scripts/mutants.py --sample 300 --seed 0 --out mutants.jsonl

A process that has imported nearfar and collected the tests is forked for each mutant. The fork
replaces the code of the changed function. If the change is in code that runs on import, the fork is
instead made from a process that has imported torch but not nearfar, and imports the changed source.
Thus no file is modified, and torch is imported only once. All tests first run once under coverage,
so that a mutant is tested only by tests that execute its line, the fastest first. Mutants that are
already in `--out` are skipped, so an interrupted run can be resumed. Needs the `test` extra, and
Unix for `fork`.
"""

from __future__ import annotations

import argparse
import ast
import json
import os
import random
import resource
import sys
import time
import traceback
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict
from importlib.machinery import SourceFileLoader
from pathlib import Path
from typing import Any

from mutations import ROOT, Mutant, mutants_of, mutated, new_functions, put_in_place

TESTS = {
    "objectives": ["objectives/test_*", "contract/test_objective*"],
    "diagnostics": ["diagnostics/test_*", "contract/test_diagnostic*"],
    "ops": ["ops/test_*", "objectives/test_*", "contract/test_objective*"],
    "training": ["training/test_[!k]*"],  # processes of test_kills would not see the mutant
}
"""Folders of a package's tests below ``tests``; doctests of its own files are added."""
LEFT_OUT = ("triton", "__init__")  # kernels need a GPU; an __init__ only imports
SECONDS = 40.0  # CPU time for the tests of a mutant
IMPORTED = ("torch._dynamo", "torchvision.transforms.v2", "timm", "sklearn.linear_model")
IMPORTED += ("lightning_fabric", "hypothesis", "beartype", "jaxtyping", "scipy.stats", "pytest")
SETTLED = ["-q", "-o", "addopts=", "-p", "no:cacheprovider", "-p", "no:xdist", "--doctest-modules"]
SETTLED += ["-m", "not slow", "-W", "ignore:Module already imported"]
SETTLED += ["--jaxtyping-packages=nearfar,typecheck.check"]


def in_child(work: Callable[[], int], *, seconds: float, log: Path) -> int:
    """Exit code of `work` in a fork of this process; 124 if it exceeds its CPU time."""
    process = os.fork()
    if process:
        _, status = os.waitpid(process, 0)
        return os.WEXITSTATUS(status) if os.WIFEXITED(status) else 124
    code = 3
    try:
        resource.setrlimit(resource.RLIMIT_CPU, (int(seconds), int(seconds) + 5))
        with log.open("w", encoding="utf-8") as file:
            os.dup2(file.fileno(), 1)
            os.dup2(file.fileno(), 2)
            code = work()
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        os._exit(code)


class Results:
    """The lines of `--out`."""

    def __init__(self, out: Path) -> None:
        self.out = out

    def lines(self) -> list[dict[str, Any]]:
        text = self.out.read_text(encoding="utf-8") if self.out.exists() else ""
        return [json.loads(line) for line in text.splitlines()]

    def add(self, mutant: Mutant, code: int | None, tests: list[str]) -> None:
        named = {None: "unreached", 0: "survived", 124: "timeout"}.get(code, "killed")
        line = {**asdict(mutant), "result": named, "tests": len(tests)}
        with self.out.open("a", encoding="utf-8") as file:
            print(json.dumps(line, ensure_ascii=False), file=file)

    def missing(self, mutants: list[Mutant]) -> list[Mutant]:
        known = {(line["file"], line["number"]) for line in self.lines()}
        return [mutant for mutant in mutants if (mutant.file, mutant.number) not in known]


# --- which tests ----------------------------------------------------------------------------------


class Recorder:
    """Pytest plugin that records the lines and the duration of each test."""

    def __init__(self, out: Path) -> None:
        import coverage

        self.out, self.seconds, self.failed = out, dict[str, float](), set[str]()
        self.coverage = coverage.Coverage(source=[str(ROOT / "src")], data_file=None)
        self.coverage.start()

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        self.coverage.switch_context(nodeid)
        self.started = time.process_time()

    def pytest_runtest_logreport(self, report: Any) -> None:
        if report.failed or report.skipped:
            self.failed.add(report.nodeid)

    def pytest_runtest_logfinish(self, nodeid: str) -> None:
        self.seconds[nodeid] = time.process_time() - self.started

    def finish(self) -> None:
        self.coverage.stop()
        data = self.coverage.get_data()
        lines = {
            str(Path(file).relative_to(ROOT)): {
                line: [name for name in contexts if name and name not in self.failed]
                for line, contexts in data.contexts_by_lineno(file).items()
            }
            for file in data.measured_files()
        }
        self.out.write_text(json.dumps({"seconds": self.seconds, "lines": lines}))


def tests_for(mutant: Mutant, known: dict[str, Any]) -> list[str]:
    """Tests that execute the line: first the fastest case of each function, then other cases."""
    lines = {int(line): names for line, names in known["lines"].get(mutant.file, {}).items()}
    reached, seconds = lines.get(mutant.line) or around(mutant, lines), known["seconds"]
    turn: Counter[str] = Counter()
    ranked = []
    for name in sorted(set(reached), key=lambda name: (seconds[name], name)):
        function = name.partition("[")[0]
        ranked.append((turn[function], seconds[name], name))
        turn[function] += 1
    chosen, spent = [], 0.0
    for _, cost, name in sorted(ranked):
        if spent + cost <= SECONDS or not chosen:
            chosen.append(name)
            spent += cost
    return chosen


def around(mutant: Mutant, lines: dict[int, list[str]]) -> list[str]:
    """Tests of the smallest statement, function or class around a line, else those of the file."""
    tree = ast.parse((ROOT / mutant.file).read_text(encoding="utf-8"))
    spans = [
        (range(node.lineno, (node.end_lineno or node.lineno) + 1), node)
        for node in ast.walk(tree)
        if isinstance(node, ast.stmt)
    ]
    for span, node in sorted(spans, key=lambda each: len(each[0])):
        if mutant.line in span:
            found = [name for line in span for name in lines.get(line, [])]
            if found or isinstance(node, ast.FunctionDef):
                return found
    return [name for names in lines.values() for name in names]


# --- running --------------------------------------------------------------------------------------


class Session:
    """Pytest plugin that runs, instead of all tests, those of each mutant in a fork."""

    def __init__(self, mutants: list[Mutant], results: Results, times: Path, log: Path) -> None:
        self.mutants, self.results, self.times, self.log = mutants, results, times, log

    def pytest_runtestloop(self, session: Any) -> bool:
        items = {item.nodeid: item for item in session.items}
        if not self.times.exists():
            in_child(lambda: self.record(session), seconds=3600, log=self.log)
        known = json.loads(self.times.read_text())
        for mutant in self.results.missing(self.mutants):
            functions = new_functions(mutant)
            if functions is None:
                continue
            tests = [name for name in tests_for(mutant, known) if name in items]
            chosen = [items[name] for name in tests]

            def work(mutant: Mutant = mutant, new: Any = functions, chosen: Any = chosen) -> int:
                return self.run(session, chosen) if put_in_place(mutant, new) else 4

            code = in_child(work, seconds=60 + 3 * SECONDS, log=self.log) if tests else None
            if code != 4:
                self.results.add(mutant, code, tests)
        return True

    def record(self, session: Any) -> int:
        recorder = Recorder(self.times)
        session.config.pluginmanager.register(recorder)
        code = self.run(session, session.items, first=False)
        recorder.finish()
        return code

    def run(self, session: Any, items: list[Any], *, first: bool = True) -> int:
        for item, following in zip(items, [*items[1:], None], strict=True):
            session.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
            if first and session.testsfailed:
                return 1
        return int(session.testsfailed > 0)


def run_on_import(mutant: Mutant, tests: list[str]) -> int:
    """Run pytest in this process, with the mutant imported instead of the file."""
    import pytest

    path, tree, load = str(ROOT / mutant.file), mutated(mutant), SourceFileLoader.get_code

    def get_code(self: SourceFileLoader, fullname: str) -> Any:
        if self.path == path:
            return self.source_to_code(ast.unparse(tree).encode(), path)
        return load(self, fullname)

    SourceFileLoader.get_code = get_code  # type: ignore[method-assign]
    return int(pytest.main([*SETTLED, "-x", *tests]))


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rooms", nargs="+", default=[*TESTS], choices=[*TESTS])
    parser.add_argument("--sample", type=int, default=300)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=Path("mutants.jsonl"))
    asked = parser.parse_args()
    os.environ |= {"OMP_NUM_THREADS": "1", "PYTHONDONTWRITEBYTECODE": "1"}
    sys.path[:0] = [str(ROOT / "src"), str(ROOT)]
    asked.out = asked.out.resolve()
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
    all_of_them = [mutant for file in files for mutant in mutants_of(file)]
    chosen = random.Random(asked.seed).sample(all_of_them, min(asked.sample, len(all_of_them)))
    results, log = Results(asked.out), asked.out.with_suffix(".log")
    times = asked.out.with_suffix(".tests.json")

    def collected() -> int:
        import pytest

        globs = dict.fromkeys(place for room in rooms for place in TESTS[room])
        paths = [str(path) for place in globs for path in sorted((ROOT / "tests").glob(place))]
        sources = [str(file) for file in files]
        session = Session(chosen, results, times, log.with_suffix(".one.log"))
        return int(pytest.main([*SETTLED, *dict.fromkeys(paths), *sources], plugins=[session]))

    in_child(collected, seconds=10**6, log=log)
    known = json.loads(times.read_text())
    for mutant in results.missing(chosen):
        tests = tests_for(mutant, known)

        def work(mutant: Mutant = mutant, tests: list[str] = tests) -> int:
            return run_on_import(mutant, tests)

        code = in_child(work, seconds=60 + 3 * SECONDS, log=log) if tests else None
        results.add(mutant, code, tests)
    for room in rooms:
        counts = Counter(one["result"] for one in results.lines() if f"/{room}/" in one["file"])
        print(f"{room:12} {sum(counts.values()):4} mutants: {dict(counts)}")
    print(f"of {len(all_of_them)} possible, seed {asked.seed}")


if __name__ == "__main__":
    main()
