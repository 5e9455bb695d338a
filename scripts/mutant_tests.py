"""Which tests meet a mutant of `scripts/mutants.py`: those that execute its line."""

from __future__ import annotations

import ast
import json
import time
from collections import Counter
from pathlib import Path
from typing import Any

from mutations import ROOT, Mutant


class Recorder:
    """Pytest plugin: which lines each test executes, and how long it takes."""

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
        if self.out.exists():
            known = json.loads(self.out.read_text())
            self.seconds = known["seconds"] | self.seconds
            for file, by_line in known["lines"].items():
                mine = lines.setdefault(file, {})
                for line, names in by_line.items():
                    mine[int(line)] = names + mine.get(int(line), [])
        self.out.write_text(json.dumps({"seconds": self.seconds, "lines": lines}))


def tests_for(mutant: Mutant, known: dict[str, Any], *, at_most: float) -> list[str]:
    """Tests that execute the line: of its own room, then of others; quickest cases first."""
    lines = {int(line): names for line, names in known["lines"].get(mutant.file, {}).items()}
    reached, seconds = lines.get(mutant.line) or around(mutant, lines), known["seconds"]
    turn: Counter[str] = Counter()
    ranked, own = [], f"/{mutant.file.split('/')[2]}/"
    for name in sorted(set(reached), key=lambda name: (seconds[name], name)):
        function = name.partition("[")[0]
        cost = seconds[name] + 0.01 * turn[function]  # a function's first cases before others
        ranked.append((own not in name, cost, seconds[name], name))
        turn[function] += 1
    chosen, spent = [], 0.0
    for _, _, cost, name in sorted(ranked):
        if spent + cost <= at_most or not chosen:
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
