"""A contact sheet shows the views that a run is trained on, of every kind of data."""

from __future__ import annotations

import base64
import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

import nearfar
from nearfar.api._requested import requested
from nearfar.api._setup import Setup
from nearfar.api._small_exhibits import thumbnail
from nearfar.records import Exhibit
from nearfar.training import Silent
from tests.every import every

SOUND = torch.randn(24, 1, 4_000, generator=torch.Generator().manual_seed(0))
TEXTS = [
    f"sample number {n} has words of its own such as {chr(97 + n % 26) * 5}" for n in range(24)
]


def pixels(exhibit: Exhibit) -> np.ndarray[Any, Any]:
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(exhibit.png))))


def photo(side: int) -> Exhibit:
    noise = np.random.default_rng(0).integers(0, 256, (side, side, 3), dtype=np.uint8)
    file = io.BytesIO()
    Image.fromarray(noise).save(file, "PNG")
    return Exhibit("photo", png=base64.b64encode(file.getvalue()).decode(), wav="UklGRg==")


def test_the_views_are_those_of_the_run(few_digits: Path) -> None:
    settings: dict[str, Any] = {"seed": 3, "view_options": {"crop_scale": (0.3, 0.5)}}
    sheet = nearfar.show_views("simclr", few_digits, samples=4, draws=2, **settings)
    assert (sheet.views, sheet.draws, len(sheet.rows)) == (2, 2, 4)
    assert "crop_scale=(0.3, 0.5)" in sheet.settings
    asked = requested(
        "simclr",
        few_digits,
        modality=None,
        setting="small",
        encoder="auto",
        views=None,
        method_options=None,
        view_options=settings["view_options"],
        options=None,
        keywords={"seed": 3},
        display=Silent(),
    )
    setup = Setup.prepare(
        asked.recipe, asked.source, asked.encoder, None, None, preset=asked.preset
    )
    batch = setup.train.read([0])
    for draw in (0, 1):
        seen = setup.training_views(batch.inputs, batch.samples, seed=3, epoch=draw)
        for number, view in enumerate(seen):
            (expected,) = setup.kind.show(view, setup.form)
            shown = sheet.rows[0].others[2 * draw + number]
            np.testing.assert_array_equal(pixels(shown), pixels(expected))
    captions = [other.caption for other in sheet.rows[0].others]
    assert captions == ["view 1", "view 2", "view 1 · draw 2", "view 2 · draw 2"]
    assert sheet.rows[0].sample.caption == setup.train.identify(int(batch.samples[0]))


@pytest.mark.parametrize(
    ("data", "options", "kind"),
    [
        ({"data": SOUND, "modality": "sequences", "sample_rate": 8_000}, {}, "wav"),
        ({"data": torch.randn(24, 5)}, {"modality": "vectors"}, "png"),
        ({"data": TEXTS}, {"modality": "text"}, "text"),
    ],
    ids=["sounds", "vectors", "texts"],
)
def test_every_kind_of_data_has_a_sheet(
    data: dict[str, Any], options: dict[str, Any], kind: str
) -> None:
    sheet = nearfar.show_views("simclr", samples=3, **data, **options)
    assert len(sheet.rows) == 3
    assert every(getattr(row.sample, kind) for row in sheet.rows)
    assert every(getattr(row.others[0], kind) for row in sheet.rows)
    if kind == "wav":  # heard in the first draw only
        later = [other for row in sheet.rows for other in row.others[sheet.views :]]
        assert every(not other.wav for other in later)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"samples": 0}, "`samples` must be"),
        ({"draws": 0}, "`draws` must be"),
        ({"view_options": {"crop_scal": (0.1, 1.0)}}, "'crop_scale'"),
        ({"epochs": -1}, "`epochs`"),
        ({"method": "simlcr"}, "'simclr'"),
    ],
)
def test_mistakes_are_those_of_training(
    few_digits: Path, arguments: dict[str, Any], said: str
) -> None:
    with pytest.raises(ValueError, match=said):
        nearfar.show_views(**{"data": few_digits, **arguments})


def test_a_thumbnail_is_small_and_a_small_one_is_kept() -> None:
    small = thumbnail(photo(300))
    image = Image.open(io.BytesIO(base64.b64decode(small.png)))
    assert image.size == (40, 40)
    assert len(image.getcolors() or ()) <= 32
    assert len(base64.b64decode(small.png)) < 1_600
    assert small.wav == ""
    gray = Image.new("L", (16, 16), 7)
    file = io.BytesIO()
    gray.save(file, "PNG")
    kept = Exhibit("g", png=base64.b64encode(file.getvalue()).decode())
    assert thumbnail(kept) == kept
    assert thumbnail(Exhibit("b", png="no picture")).png == "no picture"
    long = thumbnail(Exhibit("t", text="word " * 100))
    assert len(long.text) <= 162
    assert long.text.endswith(" …")


def test_a_run_keeps_its_watched_samples_in_small_and_names_those_of_findings(
    tmp_path: Path,
) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (300, 8, 8), dtype=np.uint8)
    noise[150:] = noise[:1]  # half of the images are one
    run = nearfar.pretrain("simclr", noise, epochs=1, batch_size=64, out=tmp_path / "run")
    gallery, geometry = run.directory.read_gallery(), run.directory.read_geometry()
    assert gallery is not None
    assert geometry is not None
    assert [each.caption for each in gallery.samples] == list(geometry.ids)
    assert len(gallery.samples) == run.record.watched == 30
    assert every(each.png for each in gallery.samples)
    assert geometry.representation_dim == run.embed(noise[:2]).shape[1]
    named = {each.finding: each for each in run.health.named_samples}
    finding = {each.name for each in run.health.findings}
    assert named.keys() <= finding
    assert every(set(each.ids) <= set(geometry.ids) for each in named.values())
    page = run.directory.report.read_text("utf-8")
    assert 'id="map"' in page
    assert len(page.encode()) < 3_000_000


@pytest.mark.slow
def test_encoders_of_the_same_data_are_compared(
    digits_run: nearfar.api.Run, tmp_path: Path, few_digits: Path
) -> None:
    from nearfar.api._compared_encoders import compared_encoders

    found = compared_encoders([digits_run, digits_run], ["one", "two"])
    assert (found.runs, found.samples, found.neighbors) == (("one", "two"), 400, 10)
    assert found.overlap == ((1.0, 1.0), (1.0, 1.0))
    assert found.cka[0][1] == pytest.approx(1.0, abs=1e-4)
    assert [each.ids for each in found.geometries] == [found.geometries[0].ids] * 2
    assert [each.caption for each in found.pictures] == list(found.geometries[0].ids)
    assert set(found.geometries[1].readings["neighbors_kept"]) == {1.0}
    other = nearfar.pretrain("simclr", few_digits, epochs=1, out=tmp_path / "other")
    apart = compared_encoders([digits_run, other], ["digits", "few"])
    assert apart.runs == ()
    assert apart.notes == ("few is left out: it was trained on other samples than digits",)
    page = tmp_path / "c.html"
    nearfar.compare([digits_run, other], report=page)
    assert "Fewer than two runs embed the same samples." in page.read_text("utf-8")
