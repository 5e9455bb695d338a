"""Imports point down: from floors below your own, never from a neighbour, and never in a circle."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.floors.modules import FILES, MODULES, cycles, edges, imported, read

FLOORS = [
    {
        *("_allocator", "_index", "_lazy_packages", "_plain_checks", "_platform", "_suggestions"),
        *("_launchers", "_verdict_names", "_visible_text"),
    },
    {
        *("_audience", "_deprecation", "_docstrings", "_free_memory", "_visible_console"),
        *("_plugins", "_signs", "_student_t", "checks", "version"),
    },
    {"_margin_lines", "_own_code"},
    {"inputs", "ops", "parallel", "records", "weights"},
    {"objectives", "modules", "views", "data"},
    {"methods", "modalities", "diagnostics", "probes", "theory"},
    {"training", "monitor"},
    {"reports"},
    {"api"},
    {"studies", "testing"},  # studies train as a user does
    {"nearfar"},  # the root, which hands out what `api` has
    {"speed"},
    {"bench", "cli"},
    {"__main__"},
]
LEVEL = {name: level for level, names in enumerate(FLOORS) for name in names}


def folder(module: str) -> str:
    second = [*module.split("."), "nearfar"][1]
    return second if second in LEVEL else "nearfar"


def forbidden(source: str, file: Path) -> set[str]:
    package = list(file.parts[:-1])
    here = folder(".".join(file.with_suffix("").parts))
    others = {module for module in imported(source, package) if folder(module) != here}
    upward = {module for module in others if LEVEL[folder(module)] >= LEVEL[here]}
    if here == "reports":  # draws records, knows nothing else
        upward |= {m for m in others if folder(m) not in ("records", *FLOORS[0], *FLOORS[1])}
    if here == "training":  # knows the protocol, never a concrete method
        upward |= {
            m
            for m in others
            if m.startswith("nearfar.methods") and not m.startswith("nearfar.methods._method.")
        }
    return upward


def test_imports_point_down() -> None:
    assert len(FILES) > 300
    found = {str(file): sorted(forbidden(read(file), file)) for file in FILES}
    assert {file: upward for file, upward in found.items() if upward} == {}


def test_no_module_reaches_itself_through_others() -> None:
    graph = edges({name: (read(file), list(file.parts[:-1])) for name, file in MODULES.items()})
    assert sum(map(len, graph.values())) > 1000
    assert [*cycles(graph)] == []


def test_every_folder_stands_on_a_floor() -> None:
    names = {file.parts[1].removesuffix(".py") for file in FILES} - {"__init__"}
    assert len(names) > 10
    assert names <= set(LEVEL)


@pytest.mark.parametrize(
    ("file", "line"),
    [
        ("objectives/x.py", "from nearfar.methods import SimCLR"),
        ("objectives/x.py", "import nearfar.methods._simclr"),
        ("objectives/x.py", "from ..methods import SimCLR"),
        ("objectives/x.py", "from .. import methods"),
        ("objectives/x.py", "def f():\n    from nearfar.training import fit"),
        ("objectives/x.py", "if TYPE_CHECKING:\n    from nearfar.training import fit"),
        ("objectives/x.py", "import_module('nearfar.api')"),
        ("objectives/x.py", "importlib.import_module('nearfar.api')"),
        ("objectives/x.py", "__import__('nearfar.api')"),
        ("objectives/x.py", "import_module(f'nearfar.{name}')"),
        ("objectives/x.py", "import_module(f'nearfar.methods._{name}')"),
        ("objectives/x.py", "from nearfar.views import ImageViews"),
        ("objectives/x.py", "from nearfar import pretrain"),
        ("reports/x.py", "from nearfar.diagnostics import health"),
        ("training/x.py", "from nearfar.methods._simclr import SimCLR"),
        ("training/x.py", "from nearfar.methods import SimCLR"),
        ("api/x.py", "from nearfar.cli import main"),
        ("checks.py", "from nearfar.records import Record"),
    ],
)
def test_a_planted_upward_import_is_caught(file: str, line: str) -> None:
    assert forbidden(line, Path("nearfar", file))


@pytest.mark.parametrize(
    ("file", "line"),
    [
        ("objectives/x.py", "from nearfar.ops import log_mean_exp"),
        ("objectives/x.py", "from .objective import Objective"),
        ("training/x.py", "from nearfar.methods._method import Method"),
        ("reports/x.py", "from nearfar.records import RunRecord"),
        ("records/x.py", "from nearfar.version import __version__"),
        ("methods/x.py", "import_module(f'nearfar.data.{kind}')"),
        ("cli/x.py", "import nearfar\nimport torch"),
    ],
)
def test_a_downward_import_passes(file: str, line: str) -> None:
    assert not forbidden(line, Path("nearfar", file))


@pytest.mark.parametrize(
    "line", ["import_module(name)", "import_module('.x', package)", "import_module('a' + b)"]
)
def test_an_import_that_hides_its_module_is_refused(line: str) -> None:
    with pytest.raises(ValueError, match=r"line 1: `import_module\(.*` hides what it imports"):
        imported(line, ["nearfar", "api"])


@pytest.mark.parametrize(
    "planted",
    [
        {
            "a": "from nearfar.x.b import f",
            "b": "from nearfar.x.c import g",
            "c": "import nearfar.x.a",
        },
        {"a": "from .b import f", "b": "def f():\n    from .a import g"},
        {"a": "from nearfar.x import b", "b": "import_module('nearfar.x.a')"},
        {"a": "import_module(f'nearfar.x.{name}')", "b": "from nearfar.x.a import f"},
    ],
)
def test_a_planted_circle_is_caught(planted: dict[str, str]) -> None:
    sources = {f"nearfar.x.{name}": (text, ["nearfar", "x"]) for name, text in planted.items()}
    assert [*cycles(edges(sources))] == [sorted(sources)]


def test_a_chain_is_no_circle() -> None:
    texts = {
        "a": "from .b import f\nfrom .c import g",
        "b": "from .c import g",
        "c": "import torch",
    }
    sources = {f"nearfar.x.{name}": (text, ["nearfar", "x"]) for name, text in texts.items()}
    assert edges(sources)["nearfar.x.a"] == {"nearfar.x.b", "nearfar.x.c"}
    assert [*cycles(edges(sources))] == []
