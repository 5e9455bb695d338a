"""Mel-frequency cepstral coefficients (MFCCs)."""

from __future__ import annotations

import math

import torch
from jaxtyping import Float
from torch import Tensor

from nearfar.checks import check_axes, check_integer

__all__ = ["mel_cepstra"]


def mel_cepstra(
    waves: Float[Tensor, "batch time"],
    *,
    sample_rate: int,
    coefficients: int = 20,
    bands: int = 40,
    window: float = 0.025,
    hop: float = 0.01,
) -> Float[Tensor, "batch frames coefficients"]:
    r"""Mel-frequency cepstral coefficients: DCT of the log power in mel-spaced frequency bands.

    .. math:: c_k = s_k \sum_{b=0}^{B-1} \ln(e_b + \varepsilon)
              \cos\frac{\pi k (b + \frac12)}{B}, \quad m(f) = 2595 \log_{10}(1 + f / 700)

    with :math:`e_b` the power of a Hann-windowed frame in triangular filter b of B, whose corners
    are evenly spaced in :math:`m` from 0 to half the sampling rate, and :math:`s_k = \sqrt{2 / B}`,
    :math:`s_0 = \sqrt{1 / B}`.

    Args:
        waves: Waveforms of equal length, at least one window long.
        sample_rate: Sampling rate in Hz.
        coefficients: Number of coefficients, including the 0th; at most `bands`.
        bands: Number of triangular filters.
        window: Frame length in seconds.
        hop: Hop length in seconds.

    Raises:
        ValueError: Waveforms shorter than a window, or more coefficients than bands.

    Reference:
        Davis, Mermelstein, IEEE Trans. ASSP 28 (1980).

    Example:
        >>> time = torch.arange(8000) / 8000
        >>> cepstra = mel_cepstra(torch.sin(2 * math.pi * 440 * time)[None], sample_rate=8000)
        >>> cepstra.shape
        torch.Size([1, 98, 20])
    """
    check_axes("batch × time", waves=waves)
    check_integer(at_least=1, sample_rate=sample_rate, coefficients=coefficients, bands=bands)
    if coefficients > bands:
        raise ValueError(f"`coefficients` must be at most `bands`, {bands}, got {coefficients}")
    size, step = round(window * sample_rate), max(1, round(hop * sample_rate))
    if waves.shape[1] < size:
        raise ValueError(f"`waves` must be at least {size} long, got {waves.shape[1]}")
    frames = waves.unfold(1, size, step) * torch.hann_window(
        size, periodic=True, dtype=waves.dtype, device=waves.device
    )
    padded = 1 << (size - 1).bit_length()
    power = torch.fft.rfft(frames, n=padded).abs().square()
    triangles = _triangles(bands, power.shape[2], sample_rate=sample_rate).to(power)
    logs = (power @ triangles + 1e-10).log()
    cepstra: Tensor = logs @ _cosines(bands, coefficients).to(logs)
    return cepstra


def _triangles(bands: int, bins: int, *, sample_rate: int) -> Float[Tensor, "bins bands"]:
    """Weight of each frequency bin in each band."""
    highest = 2595 * math.log10(1 + sample_rate / 2 / 700)
    mels = torch.linspace(0, highest, bands + 2, dtype=torch.float64)
    corners = 700 * (10 ** (mels / 2595) - 1)
    frequencies = torch.linspace(0, sample_rate / 2, bins, dtype=torch.float64)[:, None]
    low, middle, high = corners[:-2], corners[1:-1], corners[2:]
    rising, falling = (frequencies - low) / (middle - low), (high - frequencies) / (high - middle)
    return torch.minimum(rising, falling).clamp_min(0)


def _cosines(bands: int, coefficients: int) -> Float[Tensor, "bands coefficients"]:
    """The orthonormal DCT-II."""
    place = torch.arange(bands, dtype=torch.float64)[:, None] + 0.5
    number = torch.arange(coefficients, dtype=torch.float64)
    cosines = (math.pi / bands * place * number).cos() * math.sqrt(2 / bands)
    cosines[:, 0] /= math.sqrt(2)
    return cosines
