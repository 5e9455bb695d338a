"""Cepstra are the formula, written as loops."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.fft import dct

from nearfar.ops import mel_cepstra


def expected(
    sound: np.ndarray, *, rate: int, size: int, hop: int, padded: int, bands: int, kept: int
) -> np.ndarray:
    top = 2595 * np.log10(1 + rate / 2 / 700)
    edges = 700 * (10 ** (np.linspace(0, top, bands + 2) / 2595) - 1)
    window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(size) / size)
    rows = []
    for start in range(0, len(sound) - size + 1, hop):
        power = np.abs(np.fft.rfft(sound[start : start + size] * window, padded)) ** 2
        energies = []
        for low, middle, high in zip(edges, edges[1:], edges[2:], strict=False):
            total = 0.0
            for number, value in enumerate(power):
                pitch = number * rate / padded
                weight = min((pitch - low) / (middle - low), (high - pitch) / (high - middle))
                total += max(0.0, weight) * value
            energies.append(np.log(total + 1e-10))
        rows.append(dct(energies, type=2, norm="ortho")[:kept])
    return np.stack(rows)


def sound(samples: int, rate: int) -> np.ndarray:
    noise = np.random.default_rng(0).normal(size=samples)
    return np.sin(2 * np.pi * 700 * np.arange(samples) / rate) + 0.1 * noise


def test_cepstra_are_the_formula() -> None:
    wave = sound(2_000, 8_000)
    found = mel_cepstra(torch.from_numpy(wave)[None], sample_rate=8_000)
    wanted = expected(wave, rate=8_000, size=200, hop=80, padded=256, bands=40, kept=20)
    np.testing.assert_allclose(found[0].numpy(), wanted, rtol=1e-8, atol=1e-8)


@pytest.mark.parametrize(("window", "size", "padded"), [(0.064, 64, 64), (0.065, 65, 128)])
def test_frames_are_padded_to_the_next_power_of_two(window: float, size: int, padded: int) -> None:
    wave = sound(300, 1_000)
    found = mel_cepstra(
        torch.from_numpy(wave)[None],
        sample_rate=1_000,
        coefficients=5,
        bands=8,
        window=window,
        hop=0.1,
    )
    wanted = expected(wave, rate=1_000, size=size, hop=100, padded=padded, bands=8, kept=5)
    np.testing.assert_allclose(found[0].numpy(), wanted, rtol=1e-8, atol=1e-8)


def test_a_hop_below_one_sample_is_one_sample() -> None:
    waves = torch.randn(1, 12)
    assert mel_cepstra(waves, sample_rate=100, bands=4, coefficients=2, window=0.1).shape[1] == 3
    shorter = mel_cepstra(waves, sample_rate=100, bands=4, coefficients=2, window=0.1, hop=0.001)
    assert shorter.shape[1] == 3


def test_cepstra_of_too_short_a_sound_are_refused() -> None:
    with pytest.raises(ValueError, match="`waves` must be at least 200 long, got 100"):
        mel_cepstra(torch.zeros(1, 100), sample_rate=8_000)
    with pytest.raises(ValueError, match="`coefficients` must be at most `bands`"):
        mel_cepstra(torch.zeros(1, 900), sample_rate=8_000, coefficients=50)
    just = mel_cepstra(torch.zeros(1, 200), sample_rate=8_000, coefficients=40)
    assert just.shape == (1, 1, 40)
