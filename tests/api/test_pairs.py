"""Pairs from a file to judged encoders: what is theirs alone."""

from __future__ import annotations

import csv
import warnings
from pathlib import Path

import numpy as np
import pytest
import torch

import nearfar
from nearfar import api
from nearfar.data import OmittedSamplesWarning, open_source
from nearfar.inputs import Signal
from nearfar.methods import RunFacts, moco_v2, multiview
from nearfar.methods._preset import served
from nearfar.modalities import modality
from nearfar.modalities._pair_modality import PairOptions
from nearfar.modules import TwoSided
from nearfar.views import ViewRecipe
from tests.data.pictures import picture

COLORS = {"red": (200, 30, 30), "green": (30, 200, 30), "blue": (30, 30, 200)}
SIZES = {"small": 12, "large": 20}
QUICK = {"epochs": 1, "batch_size": 16, "precision": "32", "min_frequency": 1}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Pictures of coloured squares and what is on them."""
    place = tmp_path_factory.mktemp("pairs")
    generator = np.random.default_rng(0)
    rows = []
    for i in range(48):
        color = list(COLORS)[i % 3]
        size = list(SIZES)[i % 2]
        image = picture(i, size=(24, 24)).point(lambda value: value // 4)
        image.paste(COLORS[color], (2, 2, SIZES[size], SIZES[size]))
        (place / "photos").mkdir(exist_ok=True)
        image.save(place / f"photos/{i}.png")
        rows.append([f"photos/{i}.png", f"a {size} {color} square {generator.integers(9)}"])
    rows.append(["photos/lost.png", "nobody knows"])
    with (place / "pairs.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([["photo", "caption"], *rows])
    return place


@pytest.fixture(scope="module")
def run(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> api.Run:
    return nearfar.pretrain(
        "multiview",
        folder / "pairs.csv",
        x="photo",
        s="caption",
        out=tmp_path_factory.mktemp("runs") / "run",
        method_options={"forward_weight": 0.01, "inverse_weight": 0.1},
        **QUICK | {"epochs": 30, "learning_rate": 0.01},
    )


@pytest.mark.slow
def test_pictures_and_captions_find_each_other_without_a_label(run: api.Run) -> None:
    assert run.description.name == "convnet + bag"
    assert run.record.notes[0] == (
        "1 of 49 pairs skipped as incomplete: line 50 (x not a regular file)"
    )
    assert run.record.data.startswith("pairs: 48 pairs (colour images 24×24, texts of 5 words)")
    assert isinstance(run.encoder, TwoSided)
    assert set(run.metrics.terms) == {"contrastive", "forward", "inverse"}


def test_either_side_is_embedded_alone_into_one_space(run: api.Run, folder: Path) -> None:
    run = nearfar.load(run.path)
    photos = run.embed(folder / "photos")
    words = run.embed(["a small red square", "a large blue square"])
    with pytest.warns(OmittedSamplesWarning, match="1 of 49 pairs skipped"):
        pairs = run.embed(folder / "pairs.csv")
    assert photos.shape == pairs.shape == (48, 256)
    assert words.shape == (2, 256)
    order = [name.identify(i) for name in [open_source(folder / "photos")] for i in range(48)]
    np.testing.assert_allclose(pairs[7], photos[order.index("7.png")], rtol=1e-4, atol=1e-5)
    with pytest.raises(ValueError, match="`data` must be pairs or images or text"):
        run.embed(np.zeros((9, 4)))


def test_retrieval_across_the_sides_beats_the_untrained_encoder(run: api.Run, folder: Path) -> None:
    source = open_source(folder / "pairs.csv", x="photo", s="caption")
    inputs = source.read(range(len(source))).inputs

    def right(encoder: torch.nn.Module) -> float:
        with torch.no_grad():
            x, s = (encoder(v) for v in run.views(inputs, source.samples, seed=0, epoch=0))
        cosines = torch.nn.functional.cosine_similarity(x[:, None], s[None], dim=2)
        kinds = torch.arange(48) % 6
        return float((kinds[cosines.argmax(1)] == kinds).double().mean())

    assert right(run.encoder) > 0.6  # one in six by chance
    assert right(run.untrained_encoder()) < 0.5


def test_a_shared_encoder_is_kept_as_one_of_its_kind(tmp_path: Path) -> None:
    texts = [f"{a} {b} runs" for a in ("red", "blue", "old") for b in ("cat", "dog", "cow", "pig")]
    halves = (texts * 2, [text.upper() + "!" for text in texts] * 2)
    run = nearfar.pretrain("simclr", halves, out=tmp_path / "run", **QUICK)
    assert run.record.modality == "pairs"
    assert run.description.modality == "text"
    assert run.embed(["red cat", "old cow"]).shape == (2, run.description.width)
    assert run.embed(halves).shape == (24, run.description.width)


def test_two_encoders_of_one_kind_where_the_user_says_so(tmp_path: Path) -> None:
    x = np.random.default_rng(0).integers(0, 256, (40, 12, 12), dtype=np.uint8)
    run = nearfar.pretrain("vicreg", (x, 255 - x), out=tmp_path / "run", shared=False, epochs=1)
    assert run.description.name == "convnet + convnet"
    with pytest.raises(ValueError, match="`side` must be x or s"):
        run.embed(x)
    assert run.embed(x, side="x").shape == (40, 256)
    assert not np.allclose(run.embed(x, side="x"), run.embed(x, side="s"))


def test_a_side_is_the_one_whose_encoder_takes_the_samples(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    x, s = random.random((40, 4)), random.random((40, 7))
    run = nearfar.pretrain("vicreg", (x, s), out=tmp_path / "run", epochs=1, batch_size=16)
    np.testing.assert_array_equal(run.embed(s), run.embed((x, s), side="s"))
    np.testing.assert_array_equal(run.embed(x), run.embed((x, s)))
    with pytest.raises(ValueError, match="must have 4 features"):
        run.embed(random.random((40, 5)))


def test_halves_of_unlike_shape_have_two_encoders_and_refuse_to_share() -> None:
    vectors = np.random.default_rng(0).random((30, 4)), np.random.default_rng(1).random((30, 7))
    kind, source = modality("pairs"), open_source(vectors)
    form = kind.form(source, PairOptions(), seed=0)
    assert form.shared is False
    with pytest.raises(ValueError, match="must have 4 features"):
        kind.form(source, PairOptions(shared=True), seed=0)
    other = open_source((vectors[0], ["a b"] * 30))
    with pytest.raises(
        ValueError, match="`shared` needs halves of the same modality, got vectors and"
    ):
        kind.form(other, PairOptions(shared=True), seed=0)
    module, description = kind.build_encoder("auto", form, PairOptions())
    assert isinstance(module, TwoSided)
    again = kind.rebuild(description)
    again.load_state_dict(module.state_dict())


def test_settings_of_views_go_to_the_halves_that_have_them(folder: Path) -> None:
    kind = modality("pairs")
    source = open_source(folder / "pairs.csv", x="photo", s="caption")
    form = kind.form(source, PairOptions(min_frequency=1), seed=0)
    made = kind.views(
        ViewRecipe(),
        form,
        source=source,
        options=kind.options(),
        settings={"flip": 1.0, "erase": 0.5},
    )
    assert (made.x.flip, made.x.crop_scale, made.s.erase) == (1.0, (0.85, 1.0), 0.5)  # type: ignore[attr-defined]
    with pytest.raises(ValueError, match="`noise` is not a setting of the views of images and"):
        kind.views(
            ViewRecipe(), form, source=source, options=kind.options(), settings={"noise": 0.5}
        )
    still = kind.views(
        ViewRecipe(), form, source=source, options=kind.options(), settings={"augment": False}
    )
    batch = source.read([0, 1])
    first = still(batch.inputs, batch.samples, seed=0, epoch=0)
    assert torch.equal(first[0], still(batch.inputs, batch.samples, seed=1, epoch=5)[0])  # type: ignore[arg-type]
    moco = kind.views(
        served(moco_v2, "pairs").views, form, source=source, options=kind.options(), settings={}
    )
    assert isinstance(moco(batch.inputs, batch.samples, seed=0, epoch=1)[0], Signal)


def test_a_decoder_predicts_the_words_of_a_caption(folder: Path) -> None:
    kind = modality("pairs")
    source = open_source(folder / "pairs.csv", x="photo", s="caption")
    options = PairOptions(min_frequency=1)
    form = kind.form(source, options, seed=0)
    encoder, description = kind.build_encoder("auto", form, options)
    size = kind.signal_dim(description.form)
    assert size == form.s_form.vocabulary
    facts = RunFacts(signal_dim=size)
    method = multiview(encoder, description.width, facts=facts, forward_weight=1.0)
    views = kind.views(
        ViewRecipe(), description.form, source=source, options=kind.options(), settings={}
    )
    batch = source.read(range(8))
    step = method(views(batch.inputs, batch.samples, seed=0, epoch=0))
    step.loss.backward()
    assert step.terms["forward"].isfinite()


@pytest.mark.parametrize("shared", [True, False])
def test_deep_halves_keep_the_range_of_training(tmp_path: Path, shared: bool) -> None:
    values = np.random.default_rng(0).integers(0, 4_000, (2, 24, 12, 12)).astype(np.uint16)
    values[:, 20:] //= 50  # far darker than the others
    run = nearfar.pretrain(
        "multiview", (values[0], values[1]), epochs=1, batch_size=8, shared=shared,
        precision="32", out=tmp_path / "run",
    )  # fmt: skip
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        everyone = run.embed((values[0], values[1]))
        few = run.embed((values[0, 20:], values[1, 20:]))
    np.testing.assert_allclose(few, everyone[20:], rtol=1e-4, atol=1e-5)
    if shared:
        np.testing.assert_allclose(run.embed(values[0, 20:]), everyone[20:], rtol=1e-4, atol=1e-5)
