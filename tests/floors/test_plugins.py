"""Parts of other packages, by entry point and by reference."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from nearfar._plugins import PluginError, load, load_all, load_reference, plugins

GROUP = "nearfar.tests"


def package(folder: Path, name: str, *, entries: str, code: str) -> None:
    """A package as pip leaves it: a module and the metadata beside it."""
    (folder / f"{name}.py").write_text(code, encoding="utf-8")
    metadata = folder / f"{name}-1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    (metadata / "entry_points.txt").write_text(f"[{GROUP}]\n{entries}\n")


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder that packages are installed into."""
    folder = tmp_path / "site"
    folder.mkdir()
    monkeypatch.syspath_prepend(str(folder))
    known = set(sys.modules)
    yield folder
    for name in set(sys.modules) - known:
        if str(getattr(sys.modules[name], "__file__", "")).startswith(str(tmp_path)):
            del sys.modules[name]


def test_an_entry_point_is_listed_without_import_and_loaded_by_name(site: Path) -> None:
    package(site, "plugged", entries="part = plugged:PART", code="PART = 7")
    assert list(plugins(GROUP)) == ["part"]
    assert "plugged" not in sys.modules
    assert load(GROUP, "part") == 7


def test_a_name_that_nobody_declares_is_an_error_naming_the_group() -> None:
    with pytest.raises(PluginError, match=r"no installed package .* 'part' .* 'nearfar\.tests'"):
        load(GROUP, "part")


def test_a_broken_package_is_named_when_its_part_is_loaded(site: Path) -> None:
    package(site, "broken_one", entries="part = broken_one:PART", code="import no_such_module")
    with pytest.raises(PluginError, match=r"'broken_one' declares 'part'.*no_such_module"):
        load(GROUP, "part")


def test_a_name_declared_by_two_packages_is_an_error_naming_both(site: Path) -> None:
    package(site, "one_of_two", entries="part = one_of_two:PART", code="PART = 1")
    package(site, "two_of_two", entries="part = two_of_two:PART", code="PART = 2")
    with pytest.raises(PluginError, match="'one_of_two' and the package 'two_of_two'"):
        load(GROUP, "part")


def test_loading_a_whole_group_leaves_a_broken_part_out_with_a_warning(site: Path) -> None:
    package(site, "sound_one", entries="good = sound_one:PART", code="PART = 1")
    package(site, "broken_two", entries="bad = broken_two:PART", code="raise OSError('no disk')")
    with pytest.warns(RuntimeWarning, match=r"skipped: .*'broken_two'.*OSError: no disk"):
        assert load_all(GROUP) == {"good": 1}


@pytest.mark.parametrize("reference", ["referred:Kind.name", "referred.Kind.name"])
def test_a_reference_is_found_with_a_colon_and_with_dots(site: Path, reference: str) -> None:
    (site / "referred.py").write_text("class Kind:\n    name = 'points'\n")
    assert load_reference(reference) == "points"


def test_a_module_in_the_current_directory_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "found_here.py").write_text("PART = 3\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [entry for entry in sys.path if entry not in ("", ".")])
    assert load_reference("found_here:PART") == 3


@pytest.mark.parametrize(
    ("reference", "message"),
    [
        (
            "simclr",
            "`method` must be of the form package.module:name or file.py:name, got 'simclr'",
        ),
        ("no_such_package.part:X", "'no_such_package.part' cannot be imported: no such module"),
        ("no_such_package.X", "'no_such_package' cannot be imported: no such module"),
        ("math:tau.half", "'tau.half' in 'math', which has no such name"),
        ("needs_another:X", "its import fails with ModuleNotFoundError: .*'absent_module'"),
        ("needs_another.X", "its import fails with ModuleNotFoundError: .*'absent_module'"),
    ],
)
def test_a_reference_that_leads_nowhere_is_an_error(
    site: Path, reference: str, message: str
) -> None:
    (site / "needs_another.py").write_text("import absent_module\n")
    with pytest.raises(PluginError, match=message):
        load_reference(reference, argument="method")


def test_a_file_is_a_reference_from_any_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "own code"
    folder.mkdir()
    (folder / "beside_file.py").write_text("VALUE = 4", encoding="utf-8")
    code = "from beside_file import VALUE\nclass Part:\n    inner = VALUE"
    (folder / "own_file.py").write_text(code, encoding="utf-8")
    monkeypatch.setattr(sys, "path", list(sys.path))
    try:
        assert load_reference(f"{folder}/own_file.py:Part.inner") == 4
        monkeypatch.chdir(folder)
        part = load_reference("own_file.py:Part")
        assert part is load_reference("./own_file.py").Part
        assert part.__module__ == "own_file"  # as another process imports it
    finally:
        for name in ("own_file", "beside_file"):
            sys.modules.pop(name, None)


def test_a_file_that_is_missing_or_hidden_by_another_module_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "path", list(sys.path))
    with pytest.raises(
        PluginError, match=r"refers to the file .*nothing\.py, which does not exist"
    ):
        load_reference(f"{tmp_path}/nothing.py:Part")
    (tmp_path / "json.py").write_text("Part = 1")
    with pytest.raises(PluginError, match=r"another module of the name 'json' first .*rename"):
        load_reference(f"{tmp_path}/json.py:Part")
    (tmp_path / "fails_at_once.py").write_text("1 / 0")
    with pytest.raises(PluginError, match=r"its import fails with ZeroDivisionError"):
        load_reference(f"{tmp_path}/fails_at_once.py:Part")
    (tmp_path / "without_part.py").write_text("Other = 1")
    with pytest.raises(PluginError, match=r"'Part' in 'without_part', which has no such name"):
        load_reference(f"{tmp_path}/without_part.py:Part")
