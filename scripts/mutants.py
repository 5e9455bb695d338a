"""Mutation testing: change one thing in the source at a time and see whether a test notices.

    nice scripts/mutants.py --sample 300 --seed 0 --out mutants.jsonl

First every test of the rooms runs once under coverage, so that a mutant meets only the tests that
execute its line, the quickest first. Then each mutant gets a process forked from one that has
imported torch and pytest but not nearfar; there the changed source is imported in the file's place,
so no file is ever written. A mutant that survives is tried once more with the run-time check of
annotations, which takes longer to import. What stands in `--out` is not tried again: a run that
was stopped goes on where it was. Needs the `test` extra, and Unix for `fork`.
"""

from __future__ import annotations

import argparse
import ast
import contextlib
import json
import os
import random
import resource
import sys
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from importlib.machinery import SourceFileLoader
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
TESTS = {
    "objectives": ["objectives/test_*", "contract/test_objective*"],
    "diagnostics": ["diagnostics/test_*", "contract/test_diagnostic*"],
    "ops": ["ops/test_*", "objectives/test_*", "contract/test_objective*"],
    "training": ["training/test_[!k]*"],  # processes of test_kills would not see the mutant
}
"""Where the tests of a room are, below ``tests``."""
LEFT_OUT = ("triton", "__init__")  # kernels need a GPU; an __init__ only imports
SECONDS = 40.0  # of tests that a mutant meets
IMPORTED = ("torch._dynamo", "torchvision.transforms.v2", "timm", "sklearn.linear_model")
IMPORTED += ("lightning_fabric", "hypothesis", "beartype", "jaxtyping", "scipy.stats", "pytest")

SWAPPED: dict[type[ast.AST], type[ast.AST]] = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq, ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.In: ast.NotIn, ast.NotIn: ast.In,
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult,
    ast.FloorDiv: ast.Mult, ast.Mod: ast.Mult, ast.Pow: ast.Mult, ast.BitAnd: ast.BitOr,
    ast.BitOr: ast.BitAnd, ast.BitXor: ast.BitAnd, ast.LShift: ast.RShift, ast.RShift: ast.LShift,
    ast.And: ast.Or, ast.Or: ast.And,
}  # fmt: skip


@dataclass(frozen=True)
class Mutant:
    """One change of one file.

    Attributes:
        file: Relative to the repository.
        number: Which of the file's changes, in the order of :func:`changes`.
        line: Of the node that is changed.
        kind: Of change.
        change: Before and after.
    """

    file: str
    number: int
    line: int
    kind: str
    change: str


# --- changes --------------------------------------------------------------------------------------

Replace = Callable[[ast.AST], None]


def positions(node: ast.AST) -> Iterator[tuple[ast.AST, Replace]]:
    """Every node that computes something, and what puts another in its place."""
    if isinstance(node, (ast.JoinedStr, ast.Import, ast.ImportFrom)):
        return
    for field, value in ast.iter_fields(node):
        if field in ("annotation", "returns", "decorator_list", "bases", "op", "ops"):
            continue
        if isinstance(value, ast.AST):
            yield value, lambda new, field=field: setattr(node, field, new)
            yield from positions(value)
        elif isinstance(value, list):
            for index, child in enumerate(value):
                if not isinstance(child, ast.AST) or _says(child):
                    continue
                yield child, lambda new, at=index, into=value: into.__setitem__(at, new)
                if not isinstance(child, ast.Raise):  # its message is no computation
                    yield from positions(child)


def _says(node: ast.AST) -> bool:
    """Docstrings, `__all__` and what only the type checker reads."""
    if isinstance(node, ast.Expr):
        return isinstance(node.value, ast.Constant)
    text = ast.unparse(node) if isinstance(node, (ast.Assign, ast.If)) else ""
    return text.startswith(("__all__", "if TYPE_CHECKING"))


def changes(tree: ast.Module) -> Iterator[tuple[ast.AST, str, str, Callable[[], None]]]:
    """The node, the kind, before and after, and what changes the tree."""
    for node, replace in positions(tree):
        for kind, new in _variants(node):
            before = ast.unparse(node).splitlines()[0]
            after = ast.unparse(ast.fix_missing_locations(new)).splitlines()[0]
            yield node, kind, f"{before}  →  {after}", lambda new=new, put=replace: put(new)


def _variants(node: ast.AST) -> Iterator[tuple[str, ast.AST]]:
    if isinstance(node, ast.Compare):
        for index, op in enumerate(node.ops):
            ops = [*node.ops]
            ops[index] = SWAPPED[type(op)]()  # type: ignore[call-overload]
            yield "comparison", ast.Compare(node.left, ops, node.comparators)
    elif isinstance(node, ast.BinOp) and type(node.op) in SWAPPED:
        yield "arithmetic", ast.BinOp(node.left, SWAPPED[type(node.op)](), node.right)  # type: ignore[arg-type]
    elif isinstance(node, ast.BoolOp):
        yield "boolean", ast.BoolOp(SWAPPED[type(node.op)](), node.values)  # type: ignore[arg-type]
    elif isinstance(node, ast.Constant) and isinstance(node.value, (bool, int, float)):
        value = node.value
        wrong = not value if isinstance(value, bool) else value + 1 if value != -1 else 1
        yield "constant", ast.Constant(wrong)
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, (ast.USub, ast.Not)):
        yield "negation", node.operand
    elif isinstance(node, ast.If):
        yield "negation", ast.If(ast.UnaryOp(ast.Not(), node.test), node.body, node.orelse)
    elif isinstance(node, ast.IfExp):
        yield "negation", ast.IfExp(ast.UnaryOp(ast.Not(), node.test), node.body, node.orelse)
    elif isinstance(node, ast.Return) and node.value is not None:
        yield "return", ast.Return(ast.Constant(None))
    if isinstance(node, ast.AugAssign) and type(node.op) in SWAPPED:
        yield "arithmetic", ast.AugAssign(node.target, SWAPPED[type(node.op)](), node.value)  # type: ignore[arg-type]
    called = isinstance(node, ast.Expr) and isinstance(node.value, ast.Call)
    stored = isinstance(node, ast.Assign) and not isinstance(node.targets[0], (ast.Name, ast.Tuple))
    if called or stored or isinstance(node, (ast.AugAssign, ast.Raise)):
        yield "deletion", ast.Pass()


def mutants_of(file: Path) -> list[Mutant]:
    tree = ast.parse(file.read_text(encoding="utf-8"))
    name = str(file.relative_to(ROOT))
    return [
        Mutant(name, number, getattr(node, "lineno", 1), kind, change)
        for number, (node, kind, change, _) in enumerate(changes(tree))
    ]


def mutated(mutant: Mutant) -> str:
    tree = ast.parse((ROOT / mutant.file).read_text(encoding="utf-8"))
    *_, apply = [*changes(tree)][mutant.number]
    apply()
    return ast.unparse(ast.fix_missing_locations(tree))


# --- running --------------------------------------------------------------------------------------


def in_child(work: Callable[[], int], *, seconds: float, log: Path) -> int:
    """The exit code of `work` in a process forked from this one; 124 if it computes too long."""
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


def run_pytest(arguments: list[str], *, checked: bool, plugins: list[Any] | None = None) -> int:
    import pytest

    os.chdir(ROOT)
    hook = ["--jaxtyping-packages=nearfar,typecheck.check"] if checked else []
    settled = ["-q", "-o", "addopts=", "-p", "no:cacheprovider", "-p", "no:xdist", "-m", "not slow"]
    settled += ["-W", "ignore:Module already imported"]
    return int(pytest.main([*settled, "--doctest-modules", *hook, *arguments], plugins=plugins))


def put_in_place(mutant: Mutant) -> None:
    """From now on the import of the file finds the mutant."""
    path, source, load = str(ROOT / mutant.file), mutated(mutant), SourceFileLoader.get_code

    def get_code(self: SourceFileLoader, fullname: str) -> Any:
        if self.path == path:
            return self.source_to_code(source.encode(), path)
        return load(self, fullname)

    SourceFileLoader.get_code = get_code  # type: ignore[method-assign]


class Recorder:
    """Pytest plugin: which lines each test executes and how long it takes."""

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

    def pytest_sessionfinish(self) -> None:
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


def recorded(rooms: list[str], out: Path, log: Path) -> dict[str, Any]:
    if not out.exists():
        sources = [f"src/nearfar/{room}" for room in rooms]
        places = [place for room in rooms for place in TESTS[room]]
        named = [str(path) for place in places for path in sorted((ROOT / "tests").glob(place))]
        paths = [*dict.fromkeys(named), *sources]

        def work() -> int:
            return run_pytest(paths, checked=False, plugins=[Recorder(out)])

        in_child(work, seconds=3600, log=log)
    found: dict[str, Any] = json.loads(out.read_text())
    return found


def tests_for(mutant: Mutant, known: dict[str, Any]) -> list[str]:
    """Tests that execute the line: each function's quickest case first, then the other cases."""
    lines = {int(line): names for line, names in known["lines"].get(mutant.file, {}).items()}
    reached = lines.get(mutant.line) or _around(mutant, lines)
    seconds = known["seconds"]
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


def _around(mutant: Mutant, lines: dict[int, list[str]]) -> list[str]:
    """For a line that runs on import: tests of the function or class around it, or of the file."""
    tree = ast.parse((ROOT / mutant.file).read_text(encoding="utf-8"))
    homes = [
        range(node.lineno, (node.end_lineno or node.lineno) + 1)
        for node in ast.walk(tree)
        if isinstance(node, (ast.stmt, ast.excepthandler))
        and mutant.line >= node.lineno
        and mutant.line <= (node.end_lineno or 0)
    ]
    for home in sorted(homes, key=len):
        if found := [name for line in home for name in lines.get(line, [])]:
            return found
    return [name for names in lines.values() for name in names] if not homes else []


def outcome(mutant: Mutant, tests: list[str], log: Path) -> str:
    if not tests:
        return "unreached"
    for checked in (False, True):

        def work(checked: bool = checked) -> int:
            put_in_place(mutant)
            return run_pytest(["-x", *tests], checked=checked)

        code = in_child(work, seconds=60 + 3 * SECONDS, log=log)
        if code:
            return "timeout" if code == 124 else "killed"
    return "survived"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rooms", nargs="+", default=[*TESTS], choices=[*TESTS])
    parser.add_argument("--sample", type=int, default=300)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=Path("mutants.jsonl"))
    parser.add_argument("--only", nargs="*", help="FILE:NUMBER of mutants to try, and no others")
    asked = parser.parse_args()
    os.environ["OMP_NUM_THREADS"] = "1"
    os.environ["PYTHONDONTWRITEBYTECODE"] = "1"
    sys.path[:0] = [str(ROOT / "src"), str(ROOT)]
    for name in IMPORTED:
        with contextlib.suppress(ImportError):
            __import__(name)
    assert "nearfar" not in sys.modules, "the mutant would come too late"

    folders = [ROOT / "src" / "nearfar" / room for room in asked.rooms]
    files = [file for folder in folders for file in sorted(folder.rglob("*.py"))]
    files = [file for file in files if not any(word in file.stem for word in LEFT_OUT)]
    every = [mutant for file in files for mutant in mutants_of(file)]
    chosen = random.Random(asked.seed).sample(every, min(asked.sample, len(every)))
    if asked.only:
        chosen = [m for m in every if f"{m.file}:{m.number}" in asked.only]
    log, times = asked.out.with_suffix(".log"), asked.out.with_suffix(".tests.json")
    known = recorded(asked.rooms, times, log)
    lines = asked.out.read_text().splitlines() if asked.out.exists() and not asked.only else []
    done = {(told["file"], told["number"]) for told in map(json.loads, lines)}
    with asked.out.open("a", encoding="utf-8") as out:
        for mutant in chosen:
            if (mutant.file, mutant.number) in done:
                continue
            tests = tests_for(mutant, known)
            result = outcome(mutant, tests, log)
            told = {**asdict(mutant), "result": result, "tests": len(tests)}
            print(json.dumps(told, ensure_ascii=False), file=out, flush=True)
    told = [json.loads(line) for line in asked.out.read_text().splitlines()]
    for room in asked.rooms:
        counts = Counter(one["result"] for one in told if f"/{room}/" in one["file"])
        print(f"{room:12} {sum(counts.values()):4} mutants: {dict(counts)}")
    print(f"of {len(every)} possible, seed {asked.seed}")


if __name__ == "__main__":
    main()
