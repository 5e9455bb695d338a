"""Samples as base64 text for reports: images, audio, plots of series."""

from __future__ import annotations

import base64
import io
import wave
from itertools import pairwise
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

__all__ = ["line_png", "png_text", "wav", "waveform_png"]

_WIDTH, _HEIGHT, _TWICE = 240, 72, 2  # drawn at twice the size and downscaled, for smooth lines
_LONGEST = 4.0  # seconds
_COLORS = ("#2563eb", "#ea580c", "#16a34a", "#9333ea", "#dc2626", "#0891b2")
_LOUDEST = 0.9


def png_text(image: Any) -> str:
    """A Pillow image as a base64 PNG."""
    buffer = io.BytesIO()
    image.save(buffer, format="PNG")
    return base64.b64encode(buffer.getvalue()).decode("ascii")


def wav(sound: Float[Tensor, "channels time"], *, sample_rate: int) -> str:
    """The first 4 seconds of audio as a base64 WAV file, normalised to just below full scale.

    Args:
        sound: Waveform, at any scale.
        sample_rate: Sampling rate in Hz.
    """
    mono = sound.mean(dim=0)[: round(_LONGEST * sample_rate)]
    loud = float(mono.abs().max()) or 1.0
    numbers = (mono / loud * _LOUDEST * 32767).round().to(torch.int16)
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(sample_rate)
        file.writeframes(numbers.numpy().astype("<i2").tobytes())
    return base64.b64encode(buffer.getvalue()).decode("ascii")


def waveform_png(sound: Float[Tensor, "channels time"]) -> str:
    """A waveform as a base64 PNG, with the minimum and maximum of each pixel column."""
    image, draw = _canvas()
    width, height = image.size
    mono = sound.mean(dim=0)
    scale = height / 2 * _LOUDEST / (float(mono.abs().max()) or 1.0)
    edges = torch.linspace(0, len(mono), width + 1).long().tolist()
    for column, (start, stop) in enumerate(pairwise(edges)):
        part = mono[start : max(stop, start + 1)]
        if len(part):
            low, high = float(part.min()) * scale, float(part.max()) * scale
            line = (column, height / 2 - high, column, height / 2 - low)
            draw.line(line, fill=_COLORS[0])
    return png_text(image.resize((_WIDTH, _HEIGHT)))


def line_png(series: Float[Tensor, "channels time"]) -> str:
    """A line plot of a series as a base64 PNG, with one colour per channel."""
    image, draw = _canvas()
    width, height = image.size
    low, high = float(series.min()), float(series.max())
    scale = height * _LOUDEST / ((high - low) or 1.0)
    xs = torch.linspace(1, width - 2, max(2, series.shape[1])).tolist()
    for number, channel in enumerate(series):
        ys = (height * (1 + _LOUDEST) / 2 - (channel - low) * scale).tolist()
        points = list(zip(xs, ys, strict=False))
        draw.line(points, fill=_COLORS[number % len(_COLORS)], width=2 * _TWICE, joint="curve")
    return png_text(image.resize((_WIDTH, _HEIGHT)))


def _canvas() -> tuple[Any, Any]:
    from PIL import Image, ImageDraw

    image = Image.new("RGB", (_WIDTH * _TWICE, _HEIGHT * _TWICE), "white")
    return image, ImageDraw.Draw(image)
