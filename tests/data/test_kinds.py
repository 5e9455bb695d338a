"""How data are recognised, and which kinds there are."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import pytest

from nearfar._plugins import PluginError
from nearfar.data import (
    MODALITIES,
    Confidence,
    DataKind,
    DataPreview,
    find_kind,
    kind_names,
    modality_of,
    open_source,
    opening_options,
)
from tests.thirdparty import installed

MINE = """
from nearfar.data import Confidence, DataKind, open_source

def opened(spec, *, split="train"):
    return open_source(spec, modality="vectors", split=split)

def kind(name, confidence):
    claims = lambda preview: confidence if preview.axes == 2 else Confidence.NO
    return DataKind(name=name, open=opened, recognizes=claims, endings=(".mine",))

SURE, LIKELY = kind("sure", Confidence.CERTAIN), kind("likely", Confidence.LIKELY)
ALSO = kind("also", Confidence.CERTAIN)
NAMED_ELSE, NOTHING = kind("else", Confidence.NO), 7
FAILS = DataKind(name="fails", open=opened, recognizes=lambda preview: 1 / 0)
"""


class Site:
    """Where packages with kinds are put."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self.folder, self.stack = folder, stack

    def install(self, **points: str) -> None:
        number = len(list(self.folder.iterdir()))
        package, site = self.folder / f"package{number}", self.folder / f"site{number}"
        package.mkdir()
        site.mkdir()
        lines = "\n".join(f'{name} = "mine{number}:{value}"' for name, value in points.items())
        (package / "pyproject.toml").write_text(
            f'[project]\nname = "mine{number}"\nversion = "1"\n'
            f'[project.entry-points."nearfar.modalities"]\n{lines}\n',
            encoding="utf-8",
        )
        (package / f"mine{number}.py").write_text(MINE, encoding="utf-8")
        self.stack.enter_context(installed(package, site))


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    with ExitStack() as stack:
        yield Site(tmp_path, stack)


def test_a_preview_reads_headers_and_names_alone(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", points=np.zeros((4, 3)), offsets=np.arange(3))
    np.save(tmp_path / "b.npy", np.zeros((2, 3, 4)))
    folder = tmp_path / "folder" / "inner"
    folder.mkdir(parents=True)
    (folder / "One.PNG").touch()
    assert DataPreview(tmp_path / "a.npz").arrays == {"points": (4, 3), "offsets": (3,)}
    assert DataPreview(tmp_path / "b.npy").axes == 3
    assert DataPreview(tmp_path / "folder").file_names == ("one.png",)
    assert DataPreview(tmp_path / "folder").count_files((".png", ".jpg")) == 1
    assert DataPreview(["a"]).path is None


def test_a_preview_of_damaged_files_knows_nothing(tmp_path: Path) -> None:
    for name in ("a.npy", "a.npz"):
        (tmp_path / name).write_bytes(b"nothing")
    assert DataPreview(tmp_path / "a.npy").axes is None
    assert DataPreview(tmp_path / "a.npz").arrays == {}


def test_the_surest_kind_opens_the_data(site: Site) -> None:
    array = np.zeros((9, 4))
    assert modality_of(array) == "vectors"
    site.install(sure="SURE")
    assert modality_of(array) == "sure"
    assert open_source(array).modality == "vectors"  # as its opener has it
    assert modality_of(np.zeros((9, 4, 4))) == "images"


def test_a_package_that_is_no_surer_changes_nothing(site: Site) -> None:
    site.install(likely="LIKELY")
    assert modality_of(np.zeros((9, 4))) == "vectors"


def test_two_packages_that_are_equally_sure_are_both_named(site: Site) -> None:
    site.install(sure="SURE")
    site.install(also="ALSO")
    with pytest.raises(ValueError, match="data can be also or sure: specify `modality`"):
        modality_of(np.zeros((9, 4)))
    assert open_source(np.zeros((9, 4)), modality="also").name == "array"


def test_an_installed_kind_is_listed_and_its_endings_are_known(site: Site, tmp_path: Path) -> None:
    assert kind_names() == MODALITIES
    site.install(sure="SURE")
    assert kind_names() == (*MODALITIES, "sure")
    unknown = tmp_path / "a.xyz"
    unknown.touch()
    with pytest.raises(ValueError, match=r"one of the extensions \.npy .* \.mine$"):
        modality_of(unknown)


def test_an_entry_point_must_be_a_kind_of_its_name(site: Site) -> None:
    site.install(wrong="NAMED_ELSE")
    with pytest.raises(PluginError, match="must be named like its modality, 'else'"):
        find_kind("wrong")
    with pytest.warns(RuntimeWarning, match="skipped: the entry point 'wrong'"):
        assert modality_of(np.zeros((9, 4))) == "vectors"
    site.install(nothing="NOTHING")
    with pytest.raises(PluginError, match=r"'nothing' .* must be a nearfar\.modalities\.Modality"):
        find_kind("nothing")


def test_a_package_that_fails_to_recognize_data_is_left_out_with_a_warning(site: Site) -> None:
    site.install(fails="FAILS")
    with pytest.warns(RuntimeWarning, match=r"'fails' .* is skipped: ZeroDivisionError"):
        assert modality_of(np.zeros((9, 4))) == "vectors"


@pytest.mark.usefixtures("as_users_run_it")
def test_an_unknown_kind_names_the_nearest() -> None:
    with pytest.raises(ValueError, match=r"got 'image' \(did you mean 'images'\?\)"):
        open_source(np.zeros((9, 4)), modality="image")
    with pytest.raises(TypeError, match=r"must be the name of a modality, .* got 3"):
        find_kind(3)  # type: ignore[arg-type]


def test_a_kind_can_be_handed_over() -> None:
    def opened(spec: int, *, split: str = "train", scale: float = 1.0) -> object:
        return open_source(np.full((spec, 2), scale), modality="vectors")

    kind = DataKind(name="numbers", open=opened)  # type: ignore[arg-type]
    assert len(open_source(5, modality=kind)) == 5
    assert list(opening_options(kind)) == ["scale"]
    with pytest.raises(ValueError, match=r"`scales` is not an option of numbers \(did you mean"):
        open_source(5, modality=kind, scales=2.0)
    with pytest.raises(ValueError, match="have no labels: pass them as `labels`"):
        kind.label(5)
    assert kind.recognizes(DataPreview(5)) == Confidence.NO


@pytest.mark.parametrize("name", MODALITIES)
def test_options_that_tell_a_kind_are_options_of_its_opener(name: str) -> None:
    kind = find_kind(name)
    assert kind.name == name
    assert set(kind.implied_by) <= set(opening_options(name))
