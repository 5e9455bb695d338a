"""Views of sounds and series."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from nearfar.inputs import Sequences
from nearfar.views import SequenceViews, Views, sequence_views, window_view
from nearfar.views._sequencewindows import band_stop, blank, windows

EVERYTHING = {
    "speed": (0.8, 1.25),
    "flip": 0.5,
    "polarity": 0.5,
    "gain": 6.0,
    "noise": 0.7,
    "time_masks": 2,
    "frequency_masks": 2,
}


def sounds(lengths: tuple[int, ...] = (300, 120, 40, 200), channels: int = 1) -> Sequences:
    generator = torch.Generator().manual_seed(1)
    return Sequences.of([torch.randn(channels, n, generator=generator) for n in lengths])


def make(views: SequenceViews, sequences: Sequences, rows: list[int], *, epoch: int = 0):
    index = torch.tensor(rows)
    return views(sequences.select(index), index + 5, seed=3, epoch=epoch)


def test_the_views_protocol_holds() -> None:
    assert isinstance(SequenceViews(length=10), Views)


@pytest.mark.parametrize("pad", ["wrap", "reflect", "zero"])
def test_a_view_does_not_depend_on_the_batch(pad: str) -> None:
    views = SequenceViews(length=100, pad=pad, **EVERYTHING)
    together = make(views, sounds(), [0, 1, 2, 3])
    for row in range(4):
        alone = make(views, sounds(), [row])
        for view, other in zip(together, alone, strict=True):
            torch.testing.assert_close(view[row], other[0], rtol=1e-5, atol=1e-5)


def test_views_epochs_and_samples_differ() -> None:
    views = SequenceViews(length=100, **EVERYTHING)
    first, second = make(views, sounds((300, 300)), [0, 1])
    later, _ = make(views, sounds((300, 300)), [0, 1], epoch=1)
    assert not torch.equal(first, second)
    assert not torch.equal(first, later)
    same = Sequences(sounds((300,)).values.repeat(2, 1, 1))
    one, _ = make(views, same, [0, 1])
    assert not torch.equal(one[0], one[1])


def test_switching_one_change_off_leaves_the_others() -> None:
    kept = {"length": 100, "normalize": "none"}
    noisy = SequenceViews(**kept, noise=1.0, snr=(0.0, 0.0))
    both = SequenceViews(**kept, noise=1.0, snr=(0.0, 0.0), polarity=1.0)
    (a, _), (b, _) = make(noisy, sounds(), [0]), make(both, sounds(), [0])
    (clean, _) = make(SequenceViews(**kept), sounds(), [0])
    torch.testing.assert_close(a - clean, b + clean)


def test_a_window_is_a_part_of_a_long_sequence() -> None:
    whole = Sequences(torch.arange(50.0).view(1, 1, 50))
    for epoch in range(20):
        (view,) = SequenceViews(length=20, num_views=1, normalize="none")(
            whole, torch.tensor([0]), seed=0, epoch=epoch
        )
        start = int(view[0, 0, 0])
        assert 0 <= start <= 30
        assert view[0, 0].tolist() == list(range(start, start + 20))


def test_every_start_is_as_likely() -> None:
    whole = Sequences(torch.arange(8.0).repeat(4000, 1, 1))
    views = SequenceViews(length=5, num_views=1, normalize="none")
    (view,) = views(whole, torch.arange(4000), seed=0, epoch=0)
    shares = view[:, 0, 0].long().bincount(minlength=4) / 4000
    assert shares.tolist() == pytest.approx([0.25] * 4, abs=0.03)


@pytest.mark.parametrize(
    ("pad", "start", "expected"),
    [
        ("wrap", 0.0, [1, 2, 3, 1, 2, 3, 1]),
        ("wrap", 0.4, [2, 3, 1, 2, 3, 1, 2]),
        ("reflect", 0.0, [1, 2, 3, 2, 1, 2, 3]),
        ("reflect", 0.8, [3, 2, 1, 2, 3, 2, 1]),
        ("zero", 0.0, [0, 0, 0, 0, 1, 2, 3]),
        ("zero", 0.99, [1, 2, 3, 0, 0, 0, 0]),
    ],
)
def test_a_short_sequence_is_continued(pad: str, start: float, expected: list[int]) -> None:
    whole = Sequences(torch.arange(1.0, 4.0).view(1, 1, 3))
    settings = {"start": torch.tensor([start]), "speed": None, "pad": pad}
    assert windows(whole, length=7, **settings)[0, 0].tolist() == expected


def test_padding_never_enters_a_view() -> None:
    short = torch.ones(1, 30)
    both = Sequences.of([short, torch.full((1, 200), 7.0)])
    views = SequenceViews(length=90, num_views=1, normalize="none", speed=(0.7, 1.4))
    (view,) = views(both, torch.arange(2), seed=0, epoch=0)
    torch.testing.assert_close(view[0], torch.ones(1, 90))


def test_speed_stretches_by_linear_interpolation() -> None:
    whole = torch.randn(1, 2, 64, generator=torch.Generator().manual_seed(0))
    found = windows(
        Sequences(whole),
        length=100,
        start=torch.zeros(1),
        speed=torch.tensor([0.63], dtype=torch.float64),
        pad="reflect",
    )
    for channel in range(2):
        expected = np.interp(np.arange(100) * 0.63, np.arange(64), whole[0, channel].numpy())
        np.testing.assert_allclose(found[0, channel].numpy(), expected, atol=1e-5)


def test_gain_is_even_in_decibels() -> None:
    whole = torch.ones(5_000, 1, 8)
    views = SequenceViews(length=8, num_views=1, normalize="none", gain=6.0)
    (view,) = views(whole, torch.arange(5_000), seed=0, epoch=0)
    decibels = 20 * view[:, 0, 0].log10()
    assert decibels.abs().max() <= 6
    assert decibels.mean().item() == pytest.approx(0, abs=0.2)
    assert decibels.std().item() == pytest.approx(12 / math.sqrt(12), abs=0.1)


def test_noise_is_close_to_normal_and_as_loud_as_asked() -> None:
    whole = torch.full((64, 2, 500), 3.0)
    views = SequenceViews(
        length=500, channels=2, num_views=1, normalize="none", noise=1.0, snr=(20.0, 20.0)
    )
    (view,) = views(whole, torch.arange(64), seed=0, epoch=0)
    noise = (view - 3) / (3 * 10 ** (-20 / 20))
    assert noise.mean().item() == pytest.approx(0, abs=0.02)
    assert noise.std().item() == pytest.approx(1, abs=0.02)
    # the sum of four uniform numbers: kurtosis 3 − 1.2 / 4
    assert noise.pow(4).mean().item() == pytest.approx(2.7, abs=0.05)
    assert abs(torch.corrcoef(noise.flatten(1)[:2])[0, 1].item()) < 0.15


def test_noise_of_long_views_goes_on() -> None:
    views = SequenceViews(length=300_000, num_views=1, noise=1.0, normalize="none")
    (view,) = views(torch.ones(1, 1, 300_000), torch.tensor([0]), seed=0, epoch=0)
    assert view.shape == (1, 1, 300_000)
    assert view.isfinite().all()


def test_masks_blank_what_they_say() -> None:
    numbers = torch.tensor([[0.5, 0.0], [0.999, 0.999]])
    ones = torch.ones(2, 3, 100)
    masked = blank(ones, numbers, largest=0.4)
    assert (masked == 0).sum(dim=2).tolist() == [[20] * 3, [40] * 3]
    assert masked[0, 0, :20].eq(0).all()
    assert masked[1, 0, -40:].eq(0).all()


def test_a_band_stop_takes_a_tone_in_the_band_and_no_other() -> None:
    time = torch.arange(200) / 200
    low, high = (torch.sin(2 * math.pi * f * time).expand(1, 1, 200) for f in (5, 60))
    numbers = torch.tensor([[1.0 - 1e-6, 0.0]])  # the lowest fifth
    torch.testing.assert_close(band_stop(low + high, numbers, largest=0.2), high, rtol=0, atol=1e-4)


@pytest.mark.parametrize("length", [31, 32])
def test_a_band_stop_keeps_the_length(length: int) -> None:
    assert band_stop(torch.randn(2, 1, length), torch.rand(2, 4), largest=0.3).shape[2] == length


@pytest.mark.parametrize(
    ("normalize", "measure"),
    [
        ("rms", lambda x: x.square().mean().sqrt()),
        ("peak", lambda x: x.abs().max()),
        ("standard", lambda x: x.std(dim=1, correction=0).mean()),
    ],
)
def test_each_recording_is_brought_to_one_loudness(normalize: str, measure) -> None:
    quiet = sounds((300, 40), channels=2)
    scaled = Sequences(quiet.values * torch.tensor([0.03, 16.0]).view(2, 1, 1), quiet.lengths)
    views = SequenceViews(length=10, channels=2, normalize=normalize)
    shown = views.plain(scaled)
    assert isinstance(shown, Sequences)
    for sound in shown.unpadded():
        assert measure(sound).item() == pytest.approx(1, abs=1e-5)
    assert shown.values[1, :, 40:].abs().max() == 0
    torch.testing.assert_close(shown.values, views.plain(quiet).values, rtol=1e-4, atol=1e-5)


def test_data_normalization_keeps_levels_apart() -> None:
    views = SequenceViews(length=4, channels=2, normalize="data", mean=(1.0, 2.0), std=(2.0, 4.0))
    found = views.plain(torch.tensor([[[3.0, 1.0], [6.0, 2.0]]]))
    assert found.tolist() == [[[1.0, 0.0], [1.0, 0.0]]]


def test_silence_stays_silence() -> None:
    for normalize in ("rms", "peak", "standard"):
        views = SequenceViews(length=20, normalize=normalize, noise=1.0, gain=6.0)
        first, _ = views(torch.zeros(2, 1, 50), torch.arange(2), seed=0, epoch=0)
        assert first.abs().max() == 0


@pytest.mark.usefixtures("as_users_run_it")
@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ({"length": 0}, "`length` must be a whole number of 1 or more, got 0"),
        ({"normalize": "loud"}, "`normalize` must be one of"),
        ({"pad": "wrapp"}, "`pad` must be one of .* got 'wrapp' .*did you mean 'wrap'"),
        ({"speed": (0.0, 1.0)}, r"`speed` must be two numbers above 0.* got \(0.0, 1.0\)"),
        ({"snr": (30.0, 10.0)}, r"`snr` must be .* the smaller first, got \(30.0, 10.0\)"),
        ({"noise": 1.5}, "`noise` must lie between 0 and 1, got 1.5"),
        ({"gain": -1.0}, "`gain` must be .* 0 or above, got -1.0"),
        ({"time_masks": 9}, "`time_masks` must be at most 8"),
        ({"mean": (0.0, 0.0)}, "`mean` must be one number or 1"),
        ({"std": (0.0,)}, "`std` must be above 0"),
    ],
)
def test_settings_out_of_range_are_refused(setting: dict, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        SequenceViews(**{"length": 10} | setting)


@pytest.mark.usefixtures("as_users_run_it")
@pytest.mark.parametrize(
    ("sequences", "error", "words"),
    [
        (torch.zeros(2, 1, 9, dtype=torch.int16), TypeError, "floating point, got torch.int16"),
        (torch.zeros(2, 3, 9), ValueError, "batch × 1 channels × time"),
        (torch.zeros(2, 9), ValueError, r"`sequences` must be batch × .* got shape \(2, 9\)"),
        (torch.zeros(3, 1, 9), ValueError, "`samples` must be 3 indices"),
    ],
)
def test_other_inputs_are_refused(sequences: torch.Tensor, error: type, words: str) -> None:
    with pytest.raises(error, match=words):
        SequenceViews(length=5)(sequences, torch.arange(2), seed=0, epoch=0)


def test_presets_fit_the_method_and_the_kind() -> None:
    assert window_view(length=10, sound=True).num_views == 1
    sound, line = (sequence_views(length=10, sound=s) for s in (True, False))
    assert (sound.pad, sound.normalize, sound.frequency_masks) == ("wrap", "rms", 1)
    assert (line.pad, line.normalize, line.frequency_masks) == ("reflect", "data", 0)
    with pytest.raises(ValueError, match="did you mean 'gain'"):
        sequence_views(length=10, sound=True, gian=3.0)
    assert SequenceViews(**sound.settings()).settings() == sound.settings()
    with pytest.warns(DeprecationWarning, match="call window_view for CPC"):
        assert sequence_views("cpc", length=10, sound=True).num_views == 1
