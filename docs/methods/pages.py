"""Write a page for each method, and the catalogue: ``python docs/methods/pages.py``."""

from __future__ import annotations

import argparse
import inspect
import re
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any

from cyclopts import Group

from nearfar import api, methods
from nearfar.api._citing import papers_of
from nearfar.api._method_listing import kinds_of, method_class, preset_names
from nearfar.api._published_settings import published_settings
from nearfar.cli._flags import flags_of
from nearfar.methods import Method

FOLDER = Path(__file__).parent
HOOKS = ("project", "compare", "after_batch", "after_update")
SECTIONS = ("Args", "Raises", "When to use", "Good to know", "Reference", "Example")
DATA = {
    "images": "photos/",
    "sequences": "recordings/",
    "graphs": "cora",
    "pairs": "pairs.parquet --x photo --s caption",
}


def page(kind: type[Method], presets: list[str]) -> str:
    """The page of a method, from the docstrings of its class and presets."""
    told = sections(kind)
    title, _, idea = told[""].partition("\n\n")
    lines = [
        f"# {kind.__name__}",
        "",
        f"*{markdown(title)}*",
        "",
        markdown(idea),
        "",
        "## Parts",
        "",
        *(f"`{name}`\n: {markdown(text, indent=2)}\n" for name, text in entries(told["Args"])),
        "In code: `project` is per-sample, `compare` couples samples across the batch (the loss is"
        f" `{objective(kind)}`).",
        "",
        "```python",
        f"class {kind.__name__}(Method):",
        "\n".join(source(kind)).rstrip(),
        "```",
        "",
    ]
    for name in ("When to use", "Good to know", "Reference"):
        lines += [f"## {name}", "", markdown(told[name]), ""]
    lines += ["## Presets", ""]
    for name in presets:
        lines += preset_lines(name, kind)
    entries_of = {str(reference): None for name in presets for reference in papers_of(name)}
    lines += ["## BibTeX", "", "```bibtex", "\n\n".join(entries_of), "```", ""]
    return "\n".join(lines)


def preset_lines(name: str, kind: type[Method]) -> list[str]:
    """A preset: its description, its flags, and its published settings."""
    made: Callable[..., Any] = getattr(methods, name)
    data = DATA[(*kinds_of(name), "images")[0]]
    commands = [f"nearfar train {name} --data {data}"]
    notes = []
    for setting, of in published_settings().items():
        if name not in of:
            continue
        found = of[name]
        commands.append(f"nearfar train {name} --data {data} --setting {setting}")
        said = {**found.method, **found.train({}), **found.views}
        values = ", ".join(f"{key.replace('_', ' ')} {shown(said[key])}" for key in said)
        differs = f" Deviations: {'; '.join(found.differs)}." if found.differs else ""
        notes.append(
            f"`--setting {setting}`\n: {found.source}. `{found.encoder}` on {found.image_size}"
            f" pixels, {values}.{differs}\n"
        )
    lines = [f"### `{name}`", "", markdown(sections(made)[""]), "", "```sh", *commands, "```", ""]
    lines += notes
    flags = flags_of(made, group=Group("Method"), table="method")
    if flags:
        lines += ["| flag | default | |", "|---|---|---|"]
    for flag in flags:
        says = flag.annotation.__metadata__[0]
        text = says.help.replace("|", "\\|")
        lines.append(f"| `{says.name[0]}` | {shown(flag.default)} | {markdown(text)} |")
    return [*lines, ""]


def catalog() -> str:
    """All presets in a table."""
    lines = [
        "# Methods",
        "",
        "Train a preset with `nearfar train PRESET --data SOURCE`. Each method is one file, and"
        " presets have the sizes of the paper. *Negatives*: the loss"
        " contrasts samples. *Momentum*: there is a momentum encoder. *Settings*: published"
        " configurations for `--setting`. `nearfar methods` prints this table, and `nearfar cite"
        " PRESET` the BibTeX entry; see also [Choosing a method](../guides/choosing-a-method.md).",
        "",
        "These pages are written by `python docs/methods/pages.py`.",
        "",
        "| preset | objective | negatives | momentum | views | for | settings | paper |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for row in api.list_methods():
        name = row["name"]
        settings = [setting for setting, of in published_settings().items() if name in of]
        paper = re.sub(
            r"([^,;]+), arXiv (\d+\.\d+)(; )?", r"[\1](https://arxiv.org/abs/\2)\3", row["paper"]
        )
        cells = [
            f"[`{name}`]({module(method_class(name))}.md)",
            re.sub(r"(?<=[a-z])(?=[A-Z][a-z])", " ", row["objective"].removesuffix("Loss")),
            row["negatives"],
            row["momentum"],
            row["views"],
            row["for"],
            ", ".join(settings) or "–",
            paper,
        ]
        lines.append(f"| {' | '.join(cells)} |")
    pages = [module(kind) for kind in classes()]
    lines += ["", "```{toctree}", ":hidden:", "", *pages, "```", ""]
    return "\n".join(lines)


def classes() -> dict[type[Method], list[str]]:
    """Every method and its presets."""
    found: dict[type[Method], list[str]] = {}
    for name in preset_names():
        found.setdefault(method_class(name), []).append(name)
    return found


def module(kind: type[Method]) -> str:
    return kind.__module__.rpartition("._")[2]


def objective(kind: type[Method]) -> str:
    rows = {row["method"]: row["objective"] for row in api.list_methods()}
    return rows[kind.__name__]


def source(kind: type[Method]) -> list[str]:
    """The source of the functions that the class overrides."""
    own = [getattr(kind, name) for name in HOOKS if name in vars(kind)]
    return [inspect.getsource(function) for function in own]


def sections(thing: Any) -> dict[str, str]:
    """Sections of a docstring by heading; that of the text before the first is empty."""
    names = "|".join(SECTIONS)
    parts = re.split(rf"^({names}):\n", inspect.getdoc(thing) or "", flags=re.MULTILINE)
    found = {"": parts[0].strip()}
    for name, text in zip(parts[1::2], parts[2::2], strict=True):
        found[name] = textwrap.dedent(text).strip()
    return found


def entries(text: str) -> list[tuple[str, str]]:
    """The arguments of an ``Args`` section and their descriptions."""
    parts = re.split(r"^(\w[\w, ]*): ", text, flags=re.MULTILINE)[1:]
    return [
        (name, textwrap.dedent(f"    {said}").strip())
        for name, said in zip(parts[::2], parts[1::2], strict=True)
    ]


def markdown(text: str, *, indent: int = 0) -> str:
    """Convert the markup of docstrings to Markdown."""
    pages = {kind.__name__: module(kind) for kind in classes()}

    def name(found: re.Match[str]) -> str:
        word = found[1].rpartition(".")[2]
        return f"[{word}]({pages[word]}.md)" if word in pages else f"`{found[1].lstrip('~')}`"

    text = re.sub(r":math:`([^`]*)`", r"$\1$", text)
    text = re.sub(r"\.\. math::\n\n((?: +.*\n?)+)", lambda m: f"$$\n{m[1].strip()}\n$$\n", text)
    text = re.sub(r":\w+:`([^`]*)`", name, text)
    text = text.replace("``", "`")
    return textwrap.indent(text, " " * indent).strip()


def shown(value: Any) -> str:
    """A default value for readers."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, tuple):
        return " ".join(map(str, value))
    return "–" if value is None else f"{value:,}" if isinstance(value, int) else str(value)


def main() -> None:
    """Write the pages into their folder, or into the one given with ``--to``."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--to", type=Path, default=FOLDER)
    folder = parser.parse_args().to
    for kind, presets in classes().items():
        (folder / f"{module(kind)}.md").write_text(page(kind, presets), encoding="utf-8")
    (folder / "index.md").write_text(catalog(), encoding="utf-8")


if __name__ == "__main__":
    main()
