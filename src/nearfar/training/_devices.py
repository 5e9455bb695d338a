"""Devices by name: which there are, and which one a run uses."""

from __future__ import annotations

import torch

__all__ = ["available_devices", "computes_in_bfloat16", "device_name", "find_device"]


def available_devices() -> tuple[str, ...]:
    """The devices of this computer, by the names that `device` takes.

    Example:
        >>> available_devices()[0]
        'cpu'
    """
    gpus = tuple(f"cuda:{number}" for number in range(torch.cuda.device_count()))
    return ("cpu", *gpus, *(["mps"] if torch.backends.mps.is_available() else []))


def find_device(name: str) -> torch.device:
    """The device of this name; of ``auto`` the first CUDA device, or the CPU.

    Raises:
        ValueError: No such device; the message names those that there are.

    Example:
        >>> find_device("cpu")
        device(type='cpu')
    """
    here = available_devices()
    if name == "auto":
        return torch.device("cuda" if len(here) > 1 and here[1] != "mps" else "cpu")
    first = {"cuda": "cuda:0", "cpu:0": "cpu", "mps:0": "mps"}
    if not isinstance(name, str) or first.get(name, name) not in here:
        there = "auto or " + " or ".join(here)
        raise ValueError(f"`device` must be {there}, which this computer has, got {name!r}")
    return torch.device({"cpu:0": "cpu", "mps:0": "mps"}.get(name, name))


def device_name(device: torch.device) -> str:
    """A device as the records name it: ``CPU``, or the name of the GPU."""
    if device.type == "cuda":
        return str(torch.cuda.get_device_name(device))
    return {"cpu": "CPU", "mps": "Apple GPU"}.get(device.type, device.type)


def computes_in_bfloat16(device: torch.device | None = None) -> bool:
    """Whether a device multiplies bfloat16 faster than float32: AMX or AVX-512 BF16, or a GPU.

    Args:
        device: The device; that of ``auto`` by default.
    """
    kind = (device or find_device("auto")).type
    if kind == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    if kind != "cpu":
        return False
    return bool(torch.cpu._is_amx_tile_supported() or torch.cpu._is_avx512_bf16_supported())
