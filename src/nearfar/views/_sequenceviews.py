"""Random views of audio and time series as batched tensor operations."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Literal, final

import torch
from jaxtyping import Float, Float32, Int64
from torch import Tensor

from nearfar._deprecation import renamed_members
from nearfar.checks import (
    check_choice,
    check_fraction,
    check_integer,
    check_not_negative,
)
from nearfar.inputs import Sequences
from nearfar.ops._random import random_bits, uniform
from nearfar.records import Remedy
from nearfar.views._loose_inputs import gathered_sequences, settled_draws
from nearfar.views._sequencewindows import Padding, band_stop, blank, windows
from nearfar.views._weaker import weaker

__all__ = ["Normalization", "SequenceViews"]

Normalization = Literal["rms", "peak", "standard", "data", "none"]
NORMALIZATIONS = ("rms", "peak", "standard", "data", "none")

# Indices into a sample's random words, fixed so that disabling one change does not affect others.
# Two words per mask, then one per value of noise.
_START, _SPEED, _FLIP, _POLARITY, _GAIN, _NOISE, _SNR = range(7)
_MOST_MASKS = 8
_TIME, _FREQUENCY, _AFTER = 8, 8 + 2 * _MOST_MASKS, 8 + 4 * _MOST_MASKS
_MOST_WORDS = 1 << 18  # per sample and view
_BYTES_MEAN, _BYTES_STD = 4 * 127.5, math.sqrt(4 * (256**2 - 1) / 12)


@final
@renamed_members(normalise="normalize")
class SequenceViews:
    r"""Random crop, speed, flip, frequency masks, gain, noise and time masks, per sample.

    Applied in this order, after normalising each whole sequence. Every draw is a pure function of
    (seed, epoch, sample, view): it does not depend on the batch or the device. Noise is the sum of
    four random bytes, which is nearly Gaussian, and repeats after 262,000 time steps.

    Args:
        length: Number of time steps of a view.
        channels: Number of channels of the sequences.
        num_views: Number of views per sample.
        normalize: Normalisation of each sequence: by its root mean square (``rms``) or its largest
            absolute value (``peak``) over all channels; ``standard`` to mean 0 and standard
            deviation 1 per channel; ``data`` by `mean` and `std`; ``none``.
        mean: Mean of the dataset, for normalisation by ``data``: one number or one per channel.
        std: Standard deviation of the dataset, for normalisation by ``data``: one number or one per
            channel.
        pad: Padding of sequences shorter than a view: ``wrap``, ``reflect`` or ``zero``.
        speed: Range of the speed factor, log-uniform: a segment of length factor × view length is
            resampled to the length of the view by linear interpolation.
        flip: Probability of time reversal.
        polarity: Probability of inverting the sign.
        gain: Largest gain in dB, in either direction; uniform.
        noise: Probability of additive noise.
        snr: Range of the signal-to-noise ratio in dB, uniform.
        time_masks: Number of time masks.
        time_mask: Largest length of a time mask, as a fraction of the view.
        frequency_masks: Number of frequency masks.
        frequency_mask: Largest width of a frequency mask, as a fraction of all frequencies.

    Raises:
        ValueError: A probability, range or length that is out of range.

    Reference:
        Time and frequency masks: Park et al., SpecAugment (Interspeech 2019), here on the waveform.

    Example:
        >>> views = SequenceViews(length=100, gain=6.0, noise=1.0)
        >>> first, second = views(torch.randn(4, 1, 300), torch.arange(4), seed=0, epoch=0)
        >>> first.shape, torch.equal(first, second)
        (torch.Size([4, 1, 100]), False)
    """

    def __init__(
        self,
        *,
        length: int,
        channels: int = 1,
        num_views: int = 2,
        normalize: Normalization = "rms",
        mean: tuple[float, ...] = (0.0,),
        std: tuple[float, ...] = (1.0,),
        pad: Padding = "wrap",
        speed: tuple[float, float] = (1.0, 1.0),
        flip: float = 0.0,
        polarity: float = 0.0,
        gain: float = 0.0,
        noise: float = 0.0,
        snr: tuple[float, float] = (10.0, 30.0),
        time_masks: int = 0,
        time_mask: float = 0.2,
        frequency_masks: int = 0,
        frequency_mask: float = 0.2,
    ) -> None:
        check_integer(at_least=1, length=length, channels=channels, num_views=num_views)
        check_choice(NORMALIZATIONS, normalize=normalize)
        check_choice(("wrap", "reflect", "zero"), pad=pad)
        check_fraction(flip=flip, polarity=polarity, noise=noise)
        check_fraction(time_mask=time_mask, frequency_mask=frequency_mask)
        check_not_negative(gain=gain)
        check_integer(at_least=0, time_masks=time_masks, frequency_masks=frequency_masks)
        for name, masks in (("time_masks", time_masks), ("frequency_masks", frequency_masks)):
            if masks > _MOST_MASKS:
                raise ValueError(f"`{name}` must be at most {_MOST_MASKS}, got {masks}")
        if not (len(speed) == 2 and 0 < speed[0] <= speed[1] < math.inf):
            raise ValueError(f"`speed` must be two numbers above 0, smaller first, got {speed!r}")
        if not (len(snr) == 2 and snr[0] <= snr[1] and all(map(math.isfinite, snr))):
            raise ValueError(f"`snr` must be two numbers of dB, the smaller first, got {snr!r}")
        for name, values in (("mean", mean), ("std", std)):
            if len(values) not in (1, channels):
                raise ValueError(
                    f"`{name}` must be one number or {channels}, one per channel, got {len(values)}"
                )
        if not all(value > 0 for value in std):
            raise ValueError(f"`std` must be above 0, got {std!r}")
        self.length, self.channels, self.num_views = length, channels, num_views
        self.normalize, self.mean, self.std, self.pad = normalize, mean, std, pad
        self.speed, self.flip, self.polarity, self.gain = speed, flip, polarity, gain
        self.noise, self.snr = noise, snr
        self.time_masks, self.time_mask = time_masks, time_mask
        self.frequency_masks, self.frequency_mask = frequency_masks, frequency_mask

    def __repr__(self) -> str:
        return f"SequenceViews({', '.join(f'{k}={v!r}' for k, v in self.settings().items())})"

    def settings(self) -> dict[str, Any]:
        """The configuration, as arguments of the constructor."""
        return {name: value for name, value in vars(self).items() if name[0] != "_"}

    @property
    def notes(self) -> tuple[str, ...]:
        """Empty: every transform applies to every sequence."""
        return ()

    @torch.no_grad()
    def __call__(
        self,
        sequences: Tensor | Sequences | Sequence[Any],
        samples: Int64[Tensor, " batch"] | None = None,
        *,
        seed: int | None = None,
        epoch: int | None = None,
    ) -> tuple[Float32[Tensor, "batch channels length"], ...]:
        """The views of a batch.

        Args:
            sequences: Batch × channels × time, on any device; :class:`Sequences` or a list
                of arrays or tensors (channels × time) if lengths differ.
            samples: Indices of the samples in their dataset. Without `samples`, `seed` and `epoch`
                each call is a new draw from PyTorch's global generator.
            seed: Random seed of the run.
            epoch: Epoch, from 0.

        Raises:
            TypeError: `sequences` are not floating point.
            ValueError: A wrong shape.
        """
        whole = self._normalized(gathered_sequences(sequences))
        samples, seed, epoch = settled_draws(len(whole), samples, seed=seed, epoch=epoch)
        asked = samples.to(whole.values.device)
        return tuple(
            self._view(whole, asked, seed=seed, epoch=epoch, view=view)
            for view in range(self.num_views)
        )

    @torch.no_grad()
    def plain(self, sequences: Tensor | Sequences) -> Tensor | Sequences:
        """The deterministic view for embedding: whole sequences, normalised."""
        whole = self._normalized(sequences)
        return whole.values if isinstance(sequences, Tensor) else whole

    def _normalized(self, sequences: Tensor | Sequences) -> Sequences:
        whole = Sequences(sequences) if isinstance(sequences, Tensor) else sequences
        values = whole.values
        if not values.is_floating_point():
            raise TypeError(f"`sequences` must be floating point, got {values.dtype}")
        if values.ndim != 3 or values.shape[1] != self.channels:
            raise ValueError(
                f"`sequences` must be batch × {self.channels} channels × time,"
                f" got shape {tuple(values.shape)}"
            )
        return Sequences(_scaled(whole, self.normalize, self.mean, self.std), whole.lengths)

    def _view(
        self, whole: Sequences, samples: Tensor, *, seed: int, epoch: int, view: int
    ) -> Tensor:
        def numbers(first: int, count: int) -> Tensor:
            return drawn[:, first : first + count]

        drawn = uniform(samples, seed=seed, epoch=epoch, view=view, count=_AFTER)
        low, high = self.speed
        shown = windows(
            whole,
            length=self.length,
            start=drawn[:, _START],
            speed=None if low == high == 1 else low * (high / low) ** drawn[:, _SPEED].double(),
            pad=self.pad,
        )
        if self.flip:
            shown = torch.where((drawn[:, _FLIP] < self.flip)[:, None, None], shown.flip(2), shown)
        if self.frequency_masks:
            places = numbers(_FREQUENCY, 2 * self.frequency_masks)
            shown = band_stop(shown, places, largest=self.frequency_mask)
        factor = 10 ** ((2 * drawn[:, _GAIN] - 1) * self.gain / 20)
        factor = torch.where(drawn[:, _POLARITY] < self.polarity, -factor, factor)
        shown = shown * factor[:, None, None]
        if self.noise:
            noise = self._noise(samples, seed=seed, epoch=epoch, view=view)
            snr = self.snr[0] + drawn[:, _SNR] * (self.snr[1] - self.snr[0])
            strength = shown.square().mean(dim=(1, 2)).sqrt() * 10 ** (-snr / 20)
            strength = torch.where(drawn[:, _NOISE] < self.noise, strength, 0.0)
            shown = shown + strength[:, None, None] * noise
        if self.time_masks:
            shown = blank(shown, numbers(_TIME, 2 * self.time_masks), largest=self.time_mask)
        return shown

    def _noise(
        self, samples: Tensor, *, seed: int, epoch: int, view: int
    ) -> Float[Tensor, "batch channels length"]:
        """Noise with mean 0 and standard deviation 1, from the bytes after the other draws'."""
        wanted = self.channels * self.length
        count = min(_AFTER + wanted, _MOST_WORDS)
        words = random_bits(samples, seed=seed, epoch=epoch, view=view, count=count)[:, _AFTER:]
        total = (words & 255) + (words >> 8 & 255) + (words >> 16 & 255) + (words >> 24)
        noise = (total.float() - _BYTES_MEAN) / _BYTES_STD
        repeats = -(-wanted // noise.shape[1])
        noise = noise.repeat(1, repeats)[:, :wanted]
        return noise.view(len(samples), self.channels, self.length)

    def remedies(self) -> tuple[Remedy, ...]:
        """Weaker augmentation."""
        masks = weaker("time_mask", self.time_mask, what="the time masks", least=0.05)
        return (
            *weaker("noise", self.noise, what="the noise", least=0.1),
            *(masks if self.time_masks else ()),
            *weaker("gain", self.gain, what="the change of loudness", least=0.5),
        )


def _scaled(
    whole: Sequences, normalize: Normalization, mean: tuple[float, ...], std: tuple[float, ...]
) -> Float32[Tensor, "batch channels time"]:
    """Normalise each sequence separately; padding stays zero."""
    values = whole.values.float()
    if normalize == "none":
        return values
    if normalize == "data":
        middle, spread = (values.new_tensor(v).view(1, -1, 1) for v in (mean, std))
        return (values - middle) / spread * whole.mask()[:, None]
    steps = whole.extents().clamp_min(1).view(-1, 1, 1)
    if normalize == "standard":
        mask = whole.mask()[:, None]
        centered = (values - values.sum(dim=2, keepdim=True) / steps) * mask
        spread = (centered.square().sum(dim=2, keepdim=True) / steps).sqrt()
    else:
        centered = values
        loud = values.abs().amax(dim=(1, 2), keepdim=True)
        power = values.square().sum(dim=(1, 2), keepdim=True) / (steps * values.shape[1])
        spread = loud if normalize == "peak" else power.sqrt()
    return torch.where(spread > 1e-8, centered / spread, 0.0)  # silence stays silence
