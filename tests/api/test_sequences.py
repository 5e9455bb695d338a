"""Runs on sounds and series, from a folder to a verdict."""

from __future__ import annotations

import base64
import io
import wave
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

import nearfar
from nearfar import api
from nearfar.data import open_source
from nearfar.inputs import Sequences
from nearfar.modalities import SequenceForm, modality
from nearfar.modalities._sequence_modality import SequenceOptions
from nearfar.records import RunDirectory
from tests.data.sounds import save, tone
from tests.every import every

RATE = 4_000


@pytest.fixture(scope="module")
def clips(tmp_path_factory) -> Path:
    """Two classes of 16 noisy tones each, 0.3 to 0.5 s at 4 kHz."""
    folder = tmp_path_factory.mktemp("clips")
    generator = np.random.default_rng(0)
    for number in range(32):
        pitch = (300 if number % 2 else 900) * generator.uniform(0.9, 1.1)
        clip = tone(pitch, seconds=generator.uniform(0.3, 0.5), rate=RATE)
        clip += 0.01 * generator.normal(size=clip.shape).astype(np.float32)
        save(folder / ("low" if number % 2 else "high") / f"{number:02d}.wav", clip, rate=RATE)
    return folder


@pytest.fixture(scope="module")
def sound_run(clips, tmp_path_factory):
    out = tmp_path_factory.mktemp("runs") / "clips"
    return nearfar.pretrain("cpc", clips, epochs=2, out=out, conv_width=16, context=16)


def waves(count: int = 40, *, channels: int = 3, length: int = 48) -> np.ndarray:
    time = np.arange(length)
    phase = np.random.default_rng(1).uniform(0, 6, size=(count, channels, 1))
    return np.sin(time * (0.2 + 0.3 * (np.arange(count) % 2)[:, None, None]) + phase)


def test_cpc_trains_on_a_folder_of_sounds(sound_run, clips):
    record, form = sound_run.record, sound_run.description.form
    assert record.modality == "sequences"
    assert record.data.startswith("clips")
    assert "32 recordings of 0.3" in record.data
    assert (form.sample_rate, form.channels, form.normalize) == (RATE, 1, "rms")
    assert form.length % 40 == 0
    assert sound_run.embed(clips).shape == (32, 16)
    gallery = RunDirectory(sound_run.path).read_gallery()
    assert every(row.sample.wav and row.sample.png for row in gallery.views)


def test_embeddings_by_time_step_and_their_mean_agree(sound_run, clips):
    whole, steps = sound_run.embed(clips), sound_run.embed_steps(clips)
    source = open_source(clips)
    assert [len(step) for step in steps] == pytest.approx((source.lengths / 40).tolist(), abs=1)
    means = np.stack([step.mean(axis=0) for step in steps])
    np.testing.assert_allclose(whole, means, atol=1e-5)


def test_other_rates_are_embedded_as_the_old_ones_were(sound_run, clips, tmp_path):
    for number in range(2):
        save(tmp_path / f"{number}.wav", tone(300 + 600 * number, rate=16_000), rate=16_000)
    steps = sound_run.embed_steps(tmp_path)
    assert [len(step) for step in steps] == [50, 50]
    with pytest.raises(ValueError, match="must have 4,000 Hz, like the run's sequences"):
        sound_run.check(open_source(tmp_path))
    with pytest.raises(ValueError, match="must have 1 channels"):
        sound_run.check(open_source(waves(), modality="sequences"))


def test_a_probe_stands_beside_the_untrained_encoder_and_cepstra(sound_run, clips):
    rows = {row.representation: row.linear for row in api.probe(sound_run, clips).rows}
    assert list(rows) == ["trained encoder", "untrained encoder", "MFCC statistics"]
    assert every(0.9 < accuracy <= 1 for accuracy in rows.values())


def test_a_run_says_what_was_skipped(clips, tmp_path):
    for path in clips.rglob("*.wav"):
        (tmp_path / path.name).write_bytes(path.read_bytes())
    (tmp_path / "broken.flac").write_bytes(b"nothing")
    kind = modality("sequences")
    source = open_source(tmp_path)
    assert "1 of 33 files skipped: broken.flac" in source.notes[0]
    assert kind.form(source, SequenceOptions(window=80), seed=0).length == 80


@pytest.mark.slow
@pytest.mark.parametrize("method", ["cpc", "simclr", "vicreg", "byol", "moco_v2"])
def test_every_method_trains_on_series(method, tmp_path):
    run = nearfar.pretrain(
        method,
        waves(),
        modality="sequences",
        epochs=1,
        out=tmp_path / "run",
        conv_width=8,
        context=8,
        batch_size=8,
    )
    assert run.embed(waves()).shape == (40, 8)
    assert run.description.form.sample_rate is None
    gallery = RunDirectory(run.path).read_gallery()
    assert every(row.sample.png and not row.sample.wav for row in gallery.views)


def test_an_encoder_is_rebuilt_from_its_description():
    kind = modality("sequences")
    source = open_source(waves(), modality="sequences")
    form = kind.form(source, SequenceOptions(), seed=0)
    options = SequenceOptions(conv_width=8, context=6, strides=(3, 2))
    encoder, description = kind.build_encoder("strided", form, options)
    other = kind.rebuild(type(description).from_json(description.to_json()))
    other.load_state_dict(encoder.state_dict(), strict=True)
    assert (description.width, encoder.stride) == (6, 6)
    with pytest.raises(ValueError, match="`encoder` must be one of strided"):
        kind.build_encoder("stride", form, options)


def test_an_encoder_without_time_steps_is_refused(tmp_path):
    class Mean(torch.nn.Module):
        def forward(self, x):
            return x.mean(dim=2)

    with pytest.raises(TypeError, match="`encoder` must have time steps"):
        nearfar.pretrain(
            "cpc", waves(), modality="sequences", encoder=Mean(), width=3, out=tmp_path / "run"
        )


@pytest.mark.parametrize("setting", [{"normalize": "peak"}, {"length": 9}])
def test_what_the_data_decide_is_no_setting_of_the_views(setting, tmp_path):
    with pytest.raises(ValueError, match=r"is set by the data option `(normalize|window)`"):
        nearfar.pretrain(
            "simclr", waves(), modality="sequences", view_options=setting, out=tmp_path / "run"
        )


def test_cpc_refuses_images(tmp_path):
    with pytest.raises(ValueError, match="`method` cpc is for sequences, got images"):
        nearfar.pretrain("cpc", "digits", out=tmp_path / "run")


def test_series_of_units_unlike_are_brought_to_one_scale():
    kind, values = modality("sequences"), waves(channels=2) * np.array([[5000.0], [0.01]]) + 7
    source = open_source(values, modality="sequences")
    form = kind.form(source, SequenceOptions(), seed=0)
    shown = kind.plain(form).plain(source.read(range(len(source))).inputs).values
    torch.testing.assert_close(shown.mean(dim=(0, 2)), torch.zeros(2), atol=1e-4, rtol=0)
    torch.testing.assert_close(shown.std(dim=(0, 2)), torch.ones(2), atol=1e-2, rtol=0)


def test_what_is_shown_is_a_playable_sound_and_a_picture():
    form = SequenceForm(channels=1, length=80, sample_rate=8_000)
    sequences = Sequences.of([torch.from_numpy(tone(300))[None], torch.zeros(1, 800)])
    shown = modality("sequences").show(sequences, form)
    with wave.open(io.BytesIO(base64.b64decode(shown[0].wav))) as file:
        assert (file.getnchannels(), file.getsampwidth(), file.getframerate()) == (1, 2, 8_000)
        heard = np.frombuffer(file.readframes(9_999), "<i2") / 32_768
    np.testing.assert_allclose(heard, tone(300) / 0.5 * 0.9, atol=2e-3)
    for exhibit in shown:
        picture = Image.open(io.BytesIO(base64.b64decode(exhibit.png)))
        assert picture.size == (240, 72)


@pytest.mark.slow  # test_exporting.py has a smaller run
def test_onnx_takes_sequences_of_any_length(sound_run, tmp_path):
    runtime = pytest.importorskip("onnxruntime")
    path = api.export(sound_run, "onnx", tmp_path / "encoder.onnx")
    session = runtime.InferenceSession(path)
    for shape in ((1, 1, 400), (3, 1, 999)):
        x = torch.randn(shape)
        (found,) = session.run(None, {"sequences": x.numpy()})
        expected = sound_run.encoder(x).detach().numpy()
        np.testing.assert_allclose(found, expected, atol=1e-5)
