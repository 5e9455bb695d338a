"""What is public: packages with a sorted `__all__` and two single files, all in the reference."""

from __future__ import annotations

import ast
import re
import runpy
from importlib import import_module
from pathlib import Path

import pytest

from tests.floors.modules import MODULES, read

ROOT = Path(__file__).parents[2]
SINGLE_FILES = {"nearfar.checks", "nearfar.version"}
DEPRECATED = {"nearfar.bench"}  # tests/ground/test_renamed.py imports it
REFERENCE = runpy.run_path(str(ROOT / "docs" / "constants.py"))
STUDIES = {name for name in MODULES if re.fullmatch(r"nearfar\.studies\.[^_]\w*", name)}
PUBLIC = sorted(
    name
    for name in MODULES.keys() - DEPRECATED - STUDIES  # found by name, not imported
    if not any(part.startswith("_") for part in name.split("."))
)
PACKAGES = sorted(name for name, file in MODULES.items() if file.name == "__init__.py")


def case_then_name(name: str) -> tuple[int, str]:
    return (0 if name.isupper() else 1 if name[0].isupper() else 2, name)


def shadowing(package: str, exported: list[str], modules: set[str]) -> list[str]:
    """Names that stand for something else than the submodule of that name."""
    return [name for name in exported if f"{package}.{name}" in modules]


def test_a_file_inside_a_package_is_private() -> None:
    assert len(PACKAGES) > 20
    assert set(PUBLIC) == {*PACKAGES, *SINGLE_FILES}


def test_every_public_module_can_be_imported() -> None:
    found = [import_module(name) for name in PUBLIC]
    assert [module.__name__ for module in found] == PUBLIC
    assert [module for module in found if not module.__all__] == []


def in_reference(page: str) -> set[str]:
    """The modules that the autosummary blocks of the reference list."""
    return set(re.findall(r"^   (nearfar[\w.]*)$", page, re.MULTILINE))


def test_the_reference_lists_what_can_be_imported_and_nothing_else() -> None:
    page = (ROOT / "docs" / "reference" / "index.md").read_text(encoding="utf-8")
    assert in_reference(page) == set(PUBLIC)
    assert [*REFERENCE["public_modules"]()] == sorted(PUBLIC)


def test_a_module_outside_the_blocks_of_the_reference_counts_as_missing() -> None:
    page = "of `nearfar.data`\n\n```\n   :nosignatures:\n\n   nearfar.api\n   nearfar.ops.x\n```"
    assert in_reference(page) == {"nearfar.api", "nearfar.ops.x"}


@pytest.mark.parametrize("name", PUBLIC)
def test_every_public_name_has_a_docstring(name: str) -> None:
    module = import_module(name)
    described = REFERENCE["constants"](name)
    silent = [
        public
        for public in module.__all__
        if not (described[public] if public in described else getattr(module, public).__doc__)
    ]
    assert silent == []


def test_a_constant_is_described_below_its_assignment(tmp_path: Path) -> None:
    (tmp_path / "written.py").write_text(
        'A = 1\n"""One."""\nB: int = 2\nC = 3\n"""Three."""', "utf-8"
    )
    (tmp_path / "handed_on.py").write_text("from written import A, B, C as D\n", "utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(tmp_path)
        assert REFERENCE["docstring"]("handed_on", "A") == "One."
        assert REFERENCE["docstring"]("handed_on", "B") == ""
        assert REFERENCE["docstring"]("handed_on", "D") == "Three."


@pytest.mark.parametrize("name", PACKAGES)
def test_all_is_sorted_complete_and_importable(name: str) -> None:
    package = import_module(name)
    tree = ast.parse(read(MODULES[name]))
    bodies = [node for node in tree.body if isinstance(node, (ast.FunctionDef, ast.ClassDef))]
    imports = [
        node
        for statement in tree.body
        for node in ast.walk(statement)
        if isinstance(node, ast.ImportFrom) and not isinstance(statement, ast.FunctionDef)
    ]
    ours = [node for node in imports if (node.module or "").startswith(name)]
    names = {alias.asname or alias.name for node in ours for alias in node.names}
    names |= {node.name for node in bodies if not node.name.startswith("_")}
    assert names
    assert set(package.__all__) == names
    assert list(package.__all__) == sorted(names, key=case_then_name)
    assert [public for public in names if not hasattr(package, public)] == []


def test_an_exported_name_shadows_no_submodule() -> None:
    """`import nearfar.methods.simclr` must not find a function where a module was asked for."""
    for name in PACKAGES:
        package = import_module(name)
        assert shadowing(name, package.__all__, set(MODULES)) == []
    with pytest.raises(ModuleNotFoundError, match=r"nearfar\.methods\.simclr"):
        import_module("nearfar.methods.simclr")


def test_a_planted_shadow_is_caught() -> None:
    assert shadowing("nearfar.x", ["SimCLR", "simclr"], {"nearfar.x.simclr"}) == ["simclr"]


def test_a_file_of_studies_without_an_underscore_is_a_study() -> None:
    studies = import_module("nearfar.studies")
    assert len(STUDIES) > 3
    found = [import_module(name).STUDY for name in sorted(STUDIES)]
    assert {type(study) for study in found} == {studies.Study}
    assert {f"nearfar.studies.{study.name}" for study in found} == STUDIES
