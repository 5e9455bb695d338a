"""Kinds, encoders and diagnostics of other packages: handed over, or found by entry point."""

from __future__ import annotations

import json
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import nearfar
from nearfar import api
from nearfar._plugins import PluginError
from nearfar.cli import main
from nearfar.data import Joined, Source, open_source
from nearfar.data.pairs import PairSource
from nearfar.modalities import ImageForm, PairModality, modality
from nearfar.modules import EncoderDescription
from tests.api.kinds import SAMPLES, clouds
from tests.api.test_pretrain import StopAt
from tests.thirdparty import POINT_CLOUDS, installed

QUICK: dict[str, Any] = {"epochs": 1, "batch_size": 8, "precision": "32"}


@pytest.fixture(scope="module", autouse=True)
def importable() -> Iterator[None]:
    """The package can be imported, as from the current directory; it is not installed."""
    sys.path.insert(0, str(POINT_CLOUDS))
    yield
    sys.path.remove(str(POINT_CLOUDS))


@pytest.fixture(scope="module")
def scans(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return clouds(tmp_path_factory.mktemp("scans"))


@pytest.fixture
def with_entry_points(tmp_path: Path) -> Iterator[None]:
    (tmp_path / "site").mkdir()
    with installed(POINT_CLOUDS, tmp_path / "site"):
        yield


@pytest.fixture(scope="module")
def own_run(scans: Path, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A run whose kind was handed over."""
    from pointclouds import PointClouds

    out = tmp_path_factory.mktemp("runs") / "run"
    return nearfar.pretrain("vicreg", scans, modality=PointClouds(), out=out, **QUICK)


def test_a_kind_that_was_handed_over_trains_embeds_and_probes(own_run: Any, scans: Path) -> None:
    assert own_run.record.modality == "pointclouds"
    assert own_run.embed(scans).shape == (SAMPLES, 32)
    assert "nothing to show" not in own_run.directory.report.read_text(encoding="utf-8")
    record = api.probe(own_run, scans)
    assert [row.representation for row in record.rows][2] == "moments of the coordinates"


def test_a_run_of_a_kind_that_is_not_installed_names_what_is_missing(own_run: Any) -> None:
    with pytest.raises(ValueError, match=r"'pointclouds'.* entry point in 'nearfar.modalities'"):
        nearfar.load(own_run.path).kind  # noqa: B018


def test_a_run_is_loaded_with_its_kind_handed_over(own_run: Any, scans: Path) -> None:
    from pointclouds import CloudForm, PointClouds

    loaded = nearfar.load(own_run.path, modality=PointClouds())
    assert isinstance(loaded.description.form, CloudForm)
    np.testing.assert_array_equal(loaded.embed(scans), own_run.embed(scans))


def test_a_stopped_run_goes_on_with_its_kind_handed_over(scans: Path, tmp_path: Path) -> None:
    from pointclouds import PointClouds

    whole, stopped = tmp_path / "whole", tmp_path / "stopped"
    options = QUICK | {"log_every": 1}
    first = nearfar.pretrain("simclr", scans, modality=PointClouds(), out=whole, **options)
    with pytest.raises(KeyboardInterrupt, match=r"nearfar\.resume"):
        nearfar.pretrain(
            "simclr", scans, modality=PointClouds(), out=stopped, progress=StopAt(2), **options
        )
    second = api.resume(stopped, modality=PointClouds())
    np.testing.assert_array_equal(second.embed(scans), first.embed(scans))


def test_arrays_are_opened_by_a_kind_that_was_handed_over() -> None:
    from pointclouds import PointClouds

    array = np.random.default_rng(0).standard_normal((5, 20, 3))
    assert open_source(array).modality == "images"
    source = open_source(array, modality=PointClouds(), every=2)
    assert source.describe() == "5 point clouds of 10 points"


@pytest.mark.usefixtures("with_entry_points")
def test_an_installed_kind_is_found_by_its_files_and_by_name(scans: Path) -> None:
    assert open_source(scans).modality == "pointclouds"
    assert modality("pointclouds").encoder == "pointnet"
    renamed = scans.with_suffix(".npz")
    renamed.write_bytes(scans.read_bytes())
    assert nearfar.data.modality_of(renamed) == "pointclouds"


def test_a_file_of_a_kind_that_is_not_installed_is_refused(scans: Path) -> None:
    with pytest.raises(ValueError, match=r"scans\.clouds is neither a folder"):
        open_source(scans)


def test_a_broken_package_is_warned_about_and_named_when_asked_for(tmp_path: Path) -> None:
    package = tmp_path / "package"
    package.mkdir()
    (package / "pyproject.toml").write_text(
        '[project]\nname = "broken"\nversion = "1"\n[project.entry-points."nearfar.modalities"]\n'
        'meshes = "broken_meshes:Meshes"\n',
        encoding="utf-8",
    )
    (package / "broken_meshes.py").write_text("import not_there\n", encoding="utf-8")
    (tmp_path / "site").mkdir()
    with installed(package, tmp_path / "site"):
        with pytest.warns(RuntimeWarning, match="skipped: .*'broken' declares 'meshes'"):
            assert open_source(np.zeros((9, 4))).modality == "vectors"
        with pytest.raises(PluginError, match=r"'broken' declares 'meshes'.*not_there"):
            modality("meshes")


@pytest.mark.usefixtures("with_entry_points")
@pytest.mark.parametrize("encoder", ["deepsets", "pointclouds.encoders:deepsets"])
def test_an_encoder_is_found_by_entry_point_or_reference(
    encoder: str, scans: Path, tmp_path: Path
) -> None:
    out = tmp_path / "run"
    words = ["train", "simclr", "--data", str(scans), "--encoder", encoder, "--units", "12"]
    assert main([*words, "--epochs", "1", "--out", str(out)]) == 0
    run = nearfar.load(out)
    assert (run.description.name, run.description.library) == (encoder, "function")
    assert type(run.encoder).__name__ == "DeepSets"
    assert run.embed(scans).shape == (SAMPLES, 12)


def test_an_encoder_made_by_a_function_is_handed_over_again(tmp_path: Path) -> None:
    def small(form: ImageForm, options: Any) -> tuple[Any, int]:
        import torch

        flat = form.channels * form.image_size**2
        return torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(flat, 7)), 7

    run = nearfar.pretrain("simclr", "digits", encoder=small, out=tmp_path / "run", epochs=1)
    module = small(run.description.form, None)[0]
    assert nearfar.load(run.path, encoder=module).embed("digits").shape == (1797, 7)


def test_what_makes_no_encoder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TypeError, match="`encoder` <lambda> must return a module and its width"):
        nearfar.pretrain("simclr", "digits", encoder=lambda form, options: 3, out=tmp_path / "r")
    with pytest.raises(PluginError, match=r"`encoder` refers to 'nowhere:mine'"):
        nearfar.pretrain("simclr", "digits", encoder="nowhere:mine", out=tmp_path / "r")


@pytest.mark.usefixtures("with_entry_points")
def test_an_installed_diagnostic_is_reported_and_does_not_judge(
    scans: Path, tmp_path: Path, own_run: Any
) -> None:
    run = nearfar.pretrain("vicreg", scans, out=tmp_path / "run", **QUICK)
    (extra,) = [found for found in run.health.findings if found.name == "largest_norm"]
    assert extra.value == run.health.measurements["largest_norm"] > 0
    assert extra.healthy is None
    assert extra.reading.startswith("The largest norm of an embedding. Lower is better;")
    assert run.health.verdict == own_run.health.verdict
    assert "argest norm" in run.directory.report.read_text(encoding="utf-8")


def test_a_kind_of_another_package_is_half_of_a_pair(scans: Path, tmp_path: Path) -> None:
    from pointclouds import PointClouds

    kind = PointClouds()
    pictures = np.random.default_rng(0).integers(0, 256, (SAMPLES, 12, 12), dtype=np.uint8)
    x, s = open_source(scans, modality=kind), open_source(pictures)
    pairs = PairModality(kind)
    run = nearfar.pretrain(
        "multiview", PairSource(x, s), modality=pairs, out=tmp_path / "run", **QUICK
    )
    assert run.description.name == "pointnet + convnet"
    loaded = nearfar.load(run.path, modality=pairs)
    assert loaded.embed(x).shape == (SAMPLES, 32)
    assert loaded.embed(s).shape == (SAMPLES, 32)


def test_data_of_a_kind_that_are_not_of_its_source_are_refused(tmp_path: Path) -> None:
    class Strange(Source):
        modality = "images"  # type: ignore[misc]
        name = "strange"

        def __len__(self) -> int:
            return 40

        def read(self, positions: Any) -> Any:
            return open_source("digits").read(positions)

        def identify(self, sample: int) -> str:
            return str(sample)

        def describe(self) -> str:
            return "40 images"

        fingerprint = "0" * 16  # type: ignore[assignment]

    with pytest.raises(TypeError, match=r"`data` must be of the class nearfar.data.ImageSource"):
        nearfar.pretrain("simclr", Strange(), out=tmp_path / "run")


def test_the_description_of_an_encoder_of_0_1_is_read() -> None:
    """As 0.1 wrote it: a form was a dictionary."""
    written = {
        "name": "convnet",
        "library": "nearfar",
        "width": 256,
        "modality": "images",
        "form": {
            "channels": 1,
            "image_size": 28,
            "value_range": [0, 16],
            "mean": [0.5],
            "std": [0.5],
        },
        "stem": "standard",
        "norm": "batch",
        "arguments": {},
        "how": "",
        "own_class": "",
        "code": "",
    }
    found: EncoderDescription[Any] = EncoderDescription.from_json(json.dumps(written))
    form = modality("images").read_form(found.form)
    assert form == ImageForm(channels=1, image_size=28, value_range=(0.0, 16.0))
    assert json.loads(found.with_form(form).to_json()) == written
    with pytest.warns(DeprecationWarning, match=r"\.channels instead of \['channels'\]"):
        assert form["channels"] == 1


def test_a_form_without_a_value_it_needs_is_refused() -> None:
    with pytest.raises(ValueError, match=r"invalid form of images: .*'image_size'"):
        modality("images").read_form({"channels": 3})


def test_sources_of_an_own_kind_are_joined_and_warn_of_nothing(scans: Path) -> None:
    from pointclouds import PointClouds

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        source = open_source(scans, modality=PointClouds().data)
        joined = Joined([source, source], name="twice")
        assert len(joined.read([0, SAMPLES]).inputs) == 2
