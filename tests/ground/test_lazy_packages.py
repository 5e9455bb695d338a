"""Packages whose names are imported when they are used."""

from __future__ import annotations

import sys
from importlib import import_module
from pathlib import Path

import pytest
from tests.every import every

from nearfar._lazy_packages import imported_when_used

PACKAGES = ("nearfar.api", "nearfar.data", "nearfar.data.named")


@pytest.mark.parametrize("name", PACKAGES)
def test_every_public_name_is_there(name: str) -> None:
    package = import_module(name)
    assert set(package.__all__) <= set(dir(package))
    assert every(hasattr(package, public) for public in package.__all__)
    with pytest.raises(AttributeError, match=f"module '{name}' has no attribute 'nothing'"):
        _ = package.nothing


def test_a_module_is_imported_with_the_first_use_of_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = "lazy_example"
    folder = tmp_path / name
    folder.mkdir()
    (folder / "__init__.py").write_text(
        "from typing import TYPE_CHECKING\n"
        "from nearfar._lazy_packages import imported_when_used\n"
        "if TYPE_CHECKING:\n"
        "    from lazy_example._one import one as uno\n"
        "else:\n"
        "    __getattr__, __dir__ = imported_when_used(__name__)\n"
    )
    (folder / "_one.py").write_text("one = 1\n")
    (folder / "_two.py").write_text("two = 2\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    package = import_module(name)
    assert dir(package) == ["uno"]
    assert "lazy_example._one" not in sys.modules
    assert (package.uno, package._two.two) == (1, 2)
    assert vars(package)["uno"] == 1
    for loaded in ("lazy_example", "lazy_example._one", "lazy_example._two"):
        del sys.modules[loaded]


def test_other_names_are_looked_for_elsewhere() -> None:
    find, _ = imported_when_used("nearfar.api", otherwise=lambda name: name.upper())
    assert find("nothing") == "NOTHING"
