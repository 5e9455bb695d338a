"""The modality of audio and time series."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, TypeAlias, final

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

from nearfar._deprecation import renamed_members
from nearfar.checks import check_choice, check_integer, require
from nearfar.data import Source
from nearfar.data.sequences import SEQUENCES, SequenceSource
from nearfar.inputs import Sequences, View
from nearfar.modalities._exhibits import line_png, wav, waveform_png
from nearfar.modalities._form import Form
from nearfar.modalities._modality import Modality, OnnxCall, small_batch
from nearfar.modules import EncoderDescription, StridedEncoder, series_strides, sound_strides
from nearfar.ops import mel_cepstra
from nearfar.records import Exhibit
from nearfar.views import SequenceViews, ViewRecipe, Views, sequence_views, window_view

__all__ = ["SequenceForm", "SequenceModality", "SequenceOptions"]

_LONGEST_WINDOW = 1.28  # seconds: the paper's 20,480 samples at 16 kHz
_FITTED = 2_048  # sequences for estimating mean and standard deviation
_AT_ONCE = 64
_RAW_LENGTH = 128
_FRAME = 0.025  # seconds

Normalization: TypeAlias = Literal["rms", "peak", "standard", "data", "none"]


@renamed_members(normalise="normalize")
@dataclass(frozen=True, kw_only=True)
class SequenceForm(Form):
    """Specification of the inputs of an encoder of sequences.

    Attributes:
        channels: Number of channels of every sequence.
        sample_rate: Sampling rate of audio in Hz; None for time series.
        seconds: Length in seconds of the segments that longer audio is split into.
        length: Number of time steps of a view.
        center: Number subtracted from each channel of series before rounding to single precision.
        scale: Number that each channel of series is divided by after that.
        normalize: Normalisation of each sequence, as in :class:`nearfar.views.SequenceViews`.
        mean: Mean of each channel over the training data, for the normalisation ``data``.
        std: Standard deviation of each channel over the training data, for the normalisation
            ``data``.
    """

    channels: int
    sample_rate: int | None = None
    seconds: float = 10.0
    length: int
    normalize: Normalization = "none"
    mean: tuple[float, ...] = (0.0,)
    std: tuple[float, ...] = (1.0,)
    center: tuple[float, ...] = ()
    scale: tuple[float, ...] = ()

    @property
    def is_sound(self) -> bool:
        """Whether sequences are audio, which has a sampling rate."""
        return self.sample_rate is not None


@dataclass(frozen=True, kw_only=True)
class SequenceOptions:
    """Options of sequences and their encoder.

    Args:
        sample_rate: Sampling rate in Hz that audio is resampled to; by default the most common rate
            of the files. An array without a sampling rate is treated as audio of this rate.
        seconds: Length in seconds of the segments that longer audio is split into.
        window: Number of time steps of a view; by default chosen from the lengths of the data.
        normalize: Normalisation: ``rms`` or ``peak`` divide each sequence by its RMS or peak,
            ``standard`` gives each sequence mean 0 and standard deviation 1, ``data`` uses mean and
            standard deviation of the whole dataset, ``none`` does nothing. By default ``rms`` for
            audio and ``data`` for time series.
        conv_width: Number of channels of the encoder's convolutions (512 in CPC's paper).
        context: Dimension of the encoder's recurrent context, and of the representation.
        strides: Strides of the convolutions; by default chosen from the sampling rate or the
            length.
        split_folder: Name of the subfolder that is the test set; ``none`` if subfolders such as
            ``train`` and ``test`` are classes. By default recognised by the usual names.
        key: Name of the array in a file with several; by default that of a usual name or the only
            one that fits.
    """

    sample_rate: int | None = None
    seconds: float = 10.0
    window: int | None = None
    normalize: Normalization | None = None
    conv_width: int = 128
    context: int = 256
    strides: tuple[int, ...] | None = None
    split_folder: str | None = None
    key: str | None = None


@final
class SequenceModality(Modality[SequenceForm, SequenceOptions]):
    """Audio, or time series with one or more channels, of any length."""

    data: ClassVar = SEQUENCES
    form_type: ClassVar = SequenceForm
    inputs: ClassVar = (Sequences,)
    example: ClassVar = "recordings/"
    arrays: ClassVar = True
    fewest: ClassVar = 2
    options: ClassVar = SequenceOptions
    settings: ClassVar = SequenceViews
    encoder: ClassVar = "strided"
    encoders: ClassVar = "strided"

    def rungs(self, source: Source, options: SequenceOptions) -> tuple[Mapping[str, Any], ...]:
        """Narrower layers; a shorter window would hold fewer steps to predict."""
        widths = ((96, 192), (64, 128), (32, 64))
        return tuple(
            {"conv_width": width, "context": context}
            for width, context in widths
            if width < options.conv_width
        )

    def form(self, source: Source, options: SequenceOptions, *, seed: int) -> SequenceForm:
        root = require(SequenceSource, data=source.root)
        rate = root.sample_rate
        if options.window is not None:
            check_integer(at_least=1, window=options.window)
        normalize: Normalization = options.normalize or ("data" if rate is None else "rms")
        mean, std = _moments(source, root.channels) if normalize == "data" else ((0.0,), (1.0,))
        return SequenceForm(
            channels=root.channels,
            sample_rate=rate,
            seconds=options.seconds,
            length=options.window or _window(root.lengths, rate),
            normalize=normalize,
            mean=mean,
            std=std,
            center=root.center,
            scale=root.scale,
        )

    def build_encoder(
        self, name: str, form: SequenceForm, options: SequenceOptions
    ) -> tuple[nn.Module, EncoderDescription[SequenceForm]]:
        check_choice(("strided",), encoder=name)
        strides, kernels = _layers(form) if options.strides is None else (options.strides, None)
        arguments: dict[str, Any] = {
            "channels": form.channels,
            "width": options.conv_width,
            "context": options.context,
            "strides": tuple(strides),
            "kernels": kernels,
        }
        encoder = StridedEncoder(**arguments)
        listed = ", ".join(f"{key}={value}" for key, value in arguments.items())
        description = EncoderDescription(
            name=name,
            library="nearfar",
            width=encoder.num_features,
            modality=self.name,
            form=form,
            arguments={k: list(v) if isinstance(v, tuple) else v for k, v in arguments.items()},
            how=f"nearfar.modules.StridedEncoder({listed})",
        )
        return encoder, description

    def rebuild(self, description: EncoderDescription[SequenceForm]) -> nn.Module:
        return StridedEncoder(**description.arguments)

    def views(
        self,
        recipe: ViewRecipe,
        form: SequenceForm,
        *,
        source: Source,
        options: SequenceOptions,
        settings: Mapping[str, Any],
    ) -> Views:
        for name, option in (("normalize", "normalize"), ("length", "window")):
            if name in settings:
                raise ValueError(f"`{name}` of the views is set by the data option `{option}`")
        make = recipe.make or sequence_views
        return make(**self._known(form) | {**recipe.settings, **settings})

    def two_views(self, form: SequenceForm) -> Views:
        mild: dict[str, Any] = {"gain": 3.0} if form.is_sound else {"speed": (0.8, 1.0)}
        return window_view(**self._known(form) | {"num_views": 2} | mild)

    def plain(self, form: SequenceForm) -> Views:
        return window_view(**self._known(form))

    def raw(
        self, source: Source, form: SequenceForm
    ) -> tuple[str, Float[Tensor, "samples features"]]:
        plain, parts = self.plain(form), []
        for batch in source.chunks(_AT_ONCE):
            shown = require(Sequences, view=plain.plain(batch.inputs))
            rate = form.sample_rate
            parts.append(_line(shown) if rate is None else _cepstra(shown, rate))
        name = "MFCC statistics" if form.is_sound else f"series at {_RAW_LENGTH} steps"
        return name, torch.cat(parts)

    def view_features(
        self, view: View, form: SequenceForm
    ) -> Float[Tensor, "samples features"] | None:
        rate = form.sample_rate
        if rate is None:
            return super().view_features(view, form)
        sounds = Sequences(view) if isinstance(view, Tensor) else view
        return _cepstra(sounds, rate) if isinstance(sounds, Sequences) else None

    def show(self, view: View, form: SequenceForm) -> list[Exhibit]:
        sequences = Sequences(view) if isinstance(view, Tensor) else require(Sequences, view=view)
        each = [sequence.float().cpu() for sequence in sequences.unpadded()]
        rate = form.sample_rate
        if rate is None:
            return [Exhibit(png=line_png(sequence)) for sequence in each]
        return [
            Exhibit(png=waveform_png(sequence), wav=wav(sequence, sample_rate=rate))
            for sequence in each
        ]

    def onnx(self, encoder: nn.Module, form: SequenceForm) -> OnnxCall:
        example = torch.zeros(2, form.channels, form.length)
        return OnnxCall(encoder, (example,), ("sequences",), ({0: "batch", 2: "time"},))

    def signal_dim(self, form: SequenceForm) -> int:
        return int(form.channels * form.length)

    def opening(self, form: SequenceForm) -> dict[str, Any]:
        units = {"center": form.center, "scale": form.scale}
        return {"sample_rate": form.sample_rate, "seconds": form.seconds} | units

    def shown(self, form: SequenceForm) -> str:
        length, rate = form.length, form.sample_rate
        extent = f"{length:,} steps" if rate is None else f"{length / rate:.2f} s"
        return f"in windows of {extent}"

    def length(self, form: SequenceForm) -> int | None:
        return int(form.length)

    def training(
        self, *, samples: int, batch_size: int | None = None, updates: int | None = None
    ) -> dict[str, Any]:
        batch = small_batch(samples, most=batch_size or 128, updates=4)
        epochs = min(100, max(4, round((updates or 1_500) * batch / samples)))
        return {"batch_size": batch, "epochs": epochs, "learning_rate": 1e-3}

    def check(self, source: Source, form: SequenceForm) -> None:
        root = require(SequenceSource, data=source.root)
        if root.channels != form.channels:
            raise ValueError(
                f"`data` must have {form.channels} channels, like the run's sequences,"
                f" got {root.channels}"
            )
        if root.sample_rate != form.sample_rate:
            got = "no rate" if root.sample_rate is None else f"{root.sample_rate:,} Hz"
            wanted = "no rate" if form.sample_rate is None else f"{form.sample_rate:,} Hz"
            raise ValueError(
                f"`data` must have {wanted}, like the run's sequences, got {got}:"
                " open them with that `sample_rate`"
            )
        found, known = (_units(each.center, each.scale) for each in (root, form))
        if found != known:
            raise ValueError(
                f"`data` must be centred and scaled like the run's sequences, by {known}, got"
                f" {found}: open them with these `center` and `scale`"
            )

    def _known(self, form: SequenceForm) -> dict[str, Any]:
        names = ("length", "channels", "normalize", "mean", "std")
        return {name: getattr(form, name) for name in names} | {"sound": form.is_sound}


def _units(
    center: tuple[float, ...], scale: tuple[float, ...]
) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Center and scale, empty if they change nothing."""
    return center if any(center) else (), scale if set(scale) - {1.0} else ()


def _window(lengths: Tensor, sample_rate: int | None) -> int:
    """Length of a view: the median length of series, the lower quartile for audio, up to 1.28 s."""
    if sample_rate is None:
        return int(lengths.median())
    most = min(float(lengths.float().quantile(0.25)), _LONGEST_WINDOW * sample_rate)
    stride = StridedEncoder(width=1, context=1, strides=sound_strides(sample_rate)).stride
    return max(1, int(most // stride)) * stride


def _layers(form: SequenceForm) -> tuple[tuple[int, ...], tuple[int, ...] | None]:
    """Strides and kernels: the paper's for audio, few strides and long kernels for series."""
    if form.sample_rate is not None:
        return sound_strides(form.sample_rate), None
    strides = series_strides(form.length)
    return strides, tuple(8 if stride > 1 else 5 for stride in strides)


def _moments(source: Source, channels: int) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Mean and standard deviation of each channel over the data."""
    count = min(_FITTED, len(source))
    positions = torch.linspace(0, len(source) - 1, count).long()
    steps = 0
    total, squares = torch.zeros(2, channels, dtype=torch.float64)
    for start in range(0, count, _AT_ONCE):
        shown = require(Sequences, inputs=source.read(positions[start : start + _AT_ONCE]).inputs)
        values = shown.values.double()  # zero padding does not change the sums
        steps += int(shown.extents().sum())
        total += values.sum(dim=(0, 2))
        squares += values.square().sum(dim=(0, 2))
    mean = total / steps
    std = (squares / steps - mean.square()).clamp_min(0).sqrt()
    is_constant = std <= 1e-7 * mean.abs()  # as exact as differences of squares are
    return tuple(mean.tolist()), tuple(torch.where(is_constant, 1.0, std).tolist())


def _cepstra(shown: Sequences, sample_rate: int) -> Float[Tensor, "batch features"]:
    """Mean and standard deviation over time of each channel's cepstral coefficients."""
    features = []
    least = round(_FRAME * sample_rate)
    for sound in shown.unpadded():
        padded = F.pad(sound, (0, max(0, least - sound.shape[1])))
        cepstra = mel_cepstra(padded, sample_rate=sample_rate, window=_FRAME)
        moments = cepstra.mean(dim=1), cepstra.std(dim=1, correction=0)
        features.append(torch.cat(moments, dim=1).flatten())
    return torch.stack(features)


def _line(shown: Sequences) -> Float[Tensor, "batch features"]:
    """Each series, resampled to a common length."""
    return torch.stack(
        [
            F.interpolate(
                series[None], size=_RAW_LENGTH, mode="linear", align_corners=True
            ).flatten()
            for series in shown.unpadded()
        ]
    )
