"""The record of `scripts/mutants.py`: one line of JSON per trial of a mutant."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from mutations import Mutant

DETECTED = ("killed", "timeout")
MISSED = ("survived", "unreached")
JUDGED = ("equivalent", "immaterial")
"""By a person: no behaviour differs, or only what no test should fix, as a message's words."""


class Results:
    """The lines of `--out`."""

    def __init__(self, out: Path) -> None:
        self.out = out

    def lines(self) -> list[dict[str, Any]]:
        text = self.out.read_text(encoding="utf-8") if self.out.exists() else ""
        return [json.loads(line) for line in text.splitlines()]

    def add(self, mutant: Mutant, result: str, tests: int, by: str | None) -> None:
        line = {**asdict(mutant), "result": result, "tests": tests} | ({"by": by} if by else {})
        with self.out.open("a", encoding="utf-8") as file:
            print(json.dumps(line, ensure_ascii=False), file=file)

    def trials(self) -> dict[tuple[str, int], list[dict[str, Any]]]:
        found: dict[tuple[str, int], list[dict[str, Any]]] = {}
        for line in self.lines():
            found.setdefault((line["file"], line["number"]), []).append(line)
        return found

    def not_killed(self) -> set[tuple[str, int]]:
        """Those that survived their last trial and that nobody has judged."""
        return {key for key, lines in self.trials().items() if lines[-1]["result"] in MISSED}

    def record(self, to: Path) -> None:
        """Write what the repository keeps: of each mutant its results, and the change once."""
        kept = ("file", "number", "line", "change", "result", "why")
        lines = []
        for trials in self.trials().values():
            for trial in (trials[0], *trials[-1:]) if len(trials) > 1 else trials:
                known = kept if trial is trials[0] else ("file", "number", "result", "why")
                lines.append({name: trial[name] for name in known if name in trial})
        text = "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines)
        to.write_text(text, encoding="utf-8")

    def table(self, rooms: list[str]) -> str:
        """Counts per room in Markdown: killed in the first trial, and the last results."""
        heads = ("room", "tried", "killed at first", "killed", *JUDGED, "survived", "score")
        rows = [heads, ["---"] * len(heads)]
        trials = self.trials()
        for room in [*rooms, "all"]:
            these = [
                [line["result"] for line in lines]
                for (file, _), lines in trials.items()
                if room in {"all", file.split("/")[2]}
            ]
            first = sum(one[0] in DETECTED for one in these)
            killed = sum(one[-1] in DETECTED for one in these)
            judged = [sum(one[-1] == word for one in these) for word in JUDGED]
            left = len(these) - killed - sum(judged)
            score = f"{killed / max(len(these) - judged[0], 1):.1%}"
            rows.append([room, *map(str, (len(these), first, killed, *judged, left)), score])
        return "\n".join(f"| {' | '.join(row)} |" for row in rows)
