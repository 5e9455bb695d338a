"""Compare the results of two commits: views, 20 updates of each method, measurements, loaded data.

Both commits are measured in this environment, on one thread, by the same program
(``measure_commit.py``). All values that are not bit-identical are listed with their reason from
``expected_differences.toml``. The exit code is 1 if a difference has no reason or a reason matches
no difference, and 2 if a commit cannot be measured.

    python scripts/compare_commits.py                    # with the commit that the reasons refer to
    python scripts/compare_commits.py 17b39cc HEAD --only views,data
    python scripts/compare_commits.py kept/17b39cc.json  # measured earlier with --keep kept
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

SCRIPTS = Path(__file__).resolve().parent
PARTS = ("views", "methods", "readings", "data")
SHOWN, UNEXPLAINED = 8, 50  # differences printed per reason, and without a reason
ENVIRONMENT = {
    **dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1"),
    "PYTHONHASHSEED": "0",
    "PYTHONWARNINGS": "ignore",
    "CUDA_VISIBLE_DEVICES": "",
}

Values = Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True)
class Difference:
    """A value that differs between the commits.

    Attributes:
        name: Path of the value.
        old: Summary of the old value; empty if there is none.
        new: Summary of the new value; empty if there is none.
        largest: Absolute difference of two numbers, or the largest one of two arrays, over the 64
            stored values of each.
        reason: Known reason of the difference.
    """

    name: str
    old: str
    new: str
    largest: float | None = None
    reason: str = ""


@dataclass(frozen=True)
class Expected:
    """Reasons for differences, and renamed values."""

    since: str = ""
    renamed: dict[str, str] = field(default_factory=dict)
    reasons: tuple[tuple[str, str], ...] = ()  # pattern of names, reason

    @classmethod
    def load(cls, path: Path) -> Expected:
        """Read the reasons from a file."""
        table = tomllib.loads(path.read_text(encoding="utf-8"))
        given = table.get("expected", [])
        reasons = tuple((name, entry["reason"]) for entry in given for name in entry["names"])
        return cls(table.get("since", ""), table.get("renamed", {}), reasons)

    def name_now(self, name: str) -> str:
        """Name in the new commit of a value of the old commit."""
        for before, now in self.renamed.items():
            name = f"/{name}/".replace(f"/{before}/", f"/{now}/").strip("/")
        return name


@dataclass(frozen=True)
class Comparison:
    """All differences, and the reasons that did not apply."""

    old: dict[str, Any]
    new: dict[str, Any]
    differences: tuple[Difference, ...]
    equal: tuple[str, ...]
    stale: tuple[str, ...]

    @property
    def unexplained(self) -> list[Difference]:
        """Differences without a reason."""
        return [difference for difference in self.differences if not difference.reason]


def compare(old: dict[str, Any], new: dict[str, Any], expected: Expected) -> Comparison:
    """Compare two measurements of ``measure_commit.py``."""
    before: Values = {expected.name_now(name): value for name, value in old["values"].items()}
    after: Values = new["values"]
    found, equal = [], []
    for name in dict.fromkeys((*before, *after)):
        difference = difference_of(name, before.get(name), after.get(name))
        if difference is None:
            equal.append(name)
        else:
            matching = (why for pattern, why in expected.reasons if fnmatchcase(name, pattern))
            found.append(replace(difference, reason=next(matching, "")))
    return Comparison(old, new, tuple(found), tuple(equal), tuple(stale(expected, old, found)))


def difference_of(
    name: str, old: Mapping[str, Any] | None, new: Mapping[str, Any] | None
) -> Difference | None:
    """The difference of two values; None if they are bit-identical."""
    if old is None or new is None:
        return Difference(name, shorten(old), shorten(new))
    for key in ("array", "number", "word"):
        if key in old and key in new and repr(old[key]) == repr(new[key]):
            return None
    numbers = [value.get("values", [value.get("number")]) for value in (old, new)]
    return Difference(name, shorten(old), shorten(new), largest_difference(*numbers))


def largest_difference(old: Sequence[Any], new: Sequence[Any]) -> float | None:
    """Largest absolute difference of the numbers; None if they cannot be compared."""
    if len(old) != len(new) or None in (*old, *new):
        return None
    return max((abs(float(a) - float(b)) for a, b in zip(old, new, strict=True)), default=0.0)


def shorten(value: Mapping[str, Any] | None) -> str:
    """A summary of a value."""
    if value is None:
        return ""
    if "number" in value:
        return f"{value['number']:.9g}"
    if "word" in value:
        return f"{value['word']} ({value['why']})" if "why" in value else str(value["word"])
    shape = "×".join(map(str, value["shape"]))
    if "mean" not in value:
        return f"{shape} {value['kind']}"
    return f"{shape} {value['kind']}, mean {value['mean']:.6g}, std {value['std']:.6g}"


def stale(expected: Expected, old: dict[str, Any], found: Iterable[Difference]) -> Iterator[str]:
    """Reasons without a difference, and renamed values that did not exist."""
    names = [difference.name for difference in found]
    for pattern, _ in expected.reasons:
        part = pattern.partition("/")[0]
        measured = any(fnmatchcase(known, part) for known in old["parts"])
        if measured and not any(fnmatchcase(name, pattern) for name in names):
            yield f"no difference matches {pattern!r}"
    if set(old["parts"]) == set(PARTS):
        for before in expected.renamed:
            if not any(f"/{before}/" in f"/{name}/" for name in old["values"]):
                yield f"nothing was called {before!r}"


def measurement(commit: str, parts: Sequence[str], *, keep: Path | None = None) -> dict[str, Any]:
    """Measurements of a commit or a checked-out tree, or those of an earlier call."""
    if commit.endswith(".json"):
        measured = json.loads(Path(commit).read_text(encoding="utf-8"))
    else:
        measured = measure(commit, parts)
    if keep is not None:
        keep.mkdir(parents=True, exist_ok=True)
        path = keep / f"{measured['name'].replace(' ', '-')}.json"
        path.write_text(json.dumps(measured), encoding="utf-8")
    values = measured["values"].items()
    wanted = {name: value for name, value in values if name.partition("/")[0] in parts}
    return dict(measured, values=wanted, parts=[p for p in measured["parts"] if p in parts])


def measure(commit: str, parts: Sequence[str]) -> dict[str, Any]:
    """Run the measuring program on a commit or a checked-out tree."""
    with sources_of(commit) as (name, tree), tempfile.TemporaryDirectory() as folder:
        print(f"measuring {name} …", file=sys.stderr, flush=True)
        out = Path(folder) / "measured.json"
        environment = {**os.environ, **ENVIRONMENT, "PYTHONPATH": str(tree / "src")}
        environment.pop("NEARFAR_DATA", None)
        command = [sys.executable, str(SCRIPTS / "measure_commit.py"), str(out)]
        subprocess.run([*command, "--only", ",".join(parts)], check=True, env=environment)
        measured = json.loads(out.read_text(encoding="utf-8"))
    package = Path(measured.pop("package"))
    if not package.is_relative_to(tree):
        raise RuntimeError(f"{package} was measured instead of {tree}")
    return {"name": name, **measured}


@contextmanager
def sources_of(commit: str) -> Iterator[tuple[str, Path]]:
    """Name and files of a folder, or of a commit in a worktree that is removed afterwards."""
    if Path(commit).is_dir():
        name = git(
            "describe", "--always", "--dirty= with changes", "--exclude=*", tree=Path(commit)
        )
        yield name, Path(commit).resolve()
        return
    name = git("rev-parse", "--short", "--verify", f"{commit}^{{commit}}")
    with tempfile.TemporaryDirectory(prefix=f"nearfar-{name}-") as folder:
        tree = Path(folder).resolve() / "tree"
        git("worktree", "add", "--detach", "--quiet", str(tree), name)
        try:
            yield name, tree
        finally:
            git("worktree", "remove", "--force", str(tree))


def git(*arguments: str, tree: Path = SCRIPTS) -> str:
    """Output of a git command."""
    command = ["git", "-C", str(tree), *arguments]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout.strip()


def render(comparison: Comparison) -> str:
    """The comparison as Markdown: counts, differences by reason, differences without a reason."""
    old, new = comparison.old, comparison.new
    versions = ", ".join(f"{name} {version}" for name, version in new["versions"].items())
    lines = [f"# {old['name']} and {new['name']}", "", f"Both measured with {versions}.", ""]
    if old["versions"] != new["versions"]:
        lines += [f"**Not comparable**: the older one was measured with {old['versions']}.", ""]
    lines += ["| measured | equal bit for bit | different | only old | only new |"]
    lines += ["|---|---|---|---|---|"]
    groups = dict.fromkeys(map(group_of, (*comparison.equal, *names_of(comparison))))
    for part in sorted(groups, key=lambda group: PARTS.index(group.partition("/")[0])):
        found = [d for d in comparison.differences if group_of(d.name) == part]
        removed, added = sum(not d.new for d in found), sum(not d.old for d in found)
        same = sum(group_of(name) == part for name in comparison.equal)
        counts = (same, len(found) - removed - added, removed, added)
        lines.append(f"| {part} | {' | '.join(f'{count:,}' for count in counts)} |")
    for reason in sorted({d.reason for d in comparison.differences}):
        found = [d for d in comparison.differences if d.reason == reason]
        lines += ["", f"## {reason or 'Without a reason'} ({len(found):,})", ""]
        lines += ["| name | old | new | largest difference |", "|---|---|---|---|"]
        most = SHOWN if reason else UNEXPLAINED
        lines += map(row_of, found[:most])
        if len(found) > most:
            lines.append(f"| … and {len(found) - most:,} more | | | |")
    if comparison.stale:
        lines += ["", "## Reasons that explain nothing", ""]
        lines += [f"* {text}" for text in comparison.stale]
    return "\n".join(lines) + "\n"


def names_of(comparison: Comparison) -> list[str]:
    """Names of all differences."""
    return [difference.name for difference in comparison.differences]


def group_of(name: str) -> str:
    """The row of a value in the table of counts."""
    first, second, *rest = f"{name}//".split("/")
    return f"{first}/{second}" if first != "data" and any(rest) else first


def row_of(difference: Difference) -> str:
    """A row of the table of differences."""
    largest = "" if difference.largest is None else f"{difference.largest:.3g}"
    cells = (f"`{difference.name}`", difference.old or "—", difference.new or "—", largest)
    return (
        "| "
        + " | ".join(cell.replace("|", "\\|").replace("\n", " ")[:120] for cell in cells)
        + " |"
    )


def main(given: Sequence[str] | None = None) -> int:
    """Compare and print; the exit code is 0 if all differences have reasons."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    tree = SCRIPTS.parent
    parser.add_argument("old", nargs="?", help="commit, folder or .json; by default `since`")
    parser.add_argument(
        "new", nargs="?", default=str(tree), help="commit, folder or .json; by default this tree"
    )
    parser.add_argument("--only", default=",".join(PARTS), help="parts, separated by commas")
    parser.add_argument("--json", type=Path, help="write both measurements and all differences")
    parser.add_argument("--out", type=Path, help="file for the printed comparison, as Markdown")
    parser.add_argument("--keep", type=Path, help="folder for COMMIT.json, for later comparisons")
    parser.add_argument("--expected", type=Path, default=SCRIPTS / "expected_differences.toml")
    arguments = parser.parse_args(given)
    parts = arguments.only.split(",")
    if unknown := set(parts) - set(PARTS):
        parser.error(f"--only takes {', '.join(PARTS)}, got {', '.join(sorted(unknown))}")
    expected = Expected.load(arguments.expected)
    try:
        old = measurement(arguments.old or expected.since, parts, keep=arguments.keep)
        new = measurement(arguments.new, parts, keep=arguments.keep)
    except subprocess.CalledProcessError as error:
        print(f"error: {' '.join(map(str, error.cmd))} failed", file=sys.stderr)
        return 2
    comparison = compare(old, new, expected)
    text = render(comparison)
    print(text, end="")
    if arguments.out:
        arguments.out.write_text(text, encoding="utf-8")
    if arguments.json:
        arguments.json.write_text(json.dumps(asdict(comparison)), encoding="utf-8")
    return 1 if comparison.unexplained or comparison.stale else 0


if __name__ == "__main__":
    sys.exit(main())
