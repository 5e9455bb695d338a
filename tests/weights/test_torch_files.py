"""Tensors of files of torch.save, in both formats, to the last bit."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from nearfar.weights import open_weights


def _tensors() -> dict[str, Tensor]:
    torch.manual_seed(0)
    base = torch.randn(6, 4)
    return {
        "plain": base,
        "view": base.T[1:3],
        "part": base[2:, ::2],
        "parameter": nn.Parameter(torch.randn(3)),
        "number": torch.tensor(7),
        "empty": torch.empty(0, 3),
        **{
            str(dtype): torch.arange(5).to(dtype)
            for dtype in (
                *(torch.float64, torch.float16, torch.bfloat16, torch.float8_e4m3fn),
                *(torch.int64, torch.int32, torch.int16, torch.int8, torch.uint8, torch.bool),
                *(torch.complex64, torch.uint16),
            )
        },
    }


@pytest.mark.parametrize("older", [False, True])
def test_tensors_are_equal(older: bool, tmp_path: Path) -> None:
    file, tensors = tmp_path / "weights.bin", _tensors()
    torch.save({"state_dict": tensors}, file, _use_new_zipfile_serialization=not older)
    held = open_weights(file)
    assert held.shapes == {f"state_dict.{name}": tuple(t.shape) for name, t in tensors.items()}
    for name, tensor in tensors.items():
        found = held.read(f"state_dict.{name}")
        assert found.dtype == tensor.dtype
        assert found.is_contiguous()
        wide = torch.complex128 if tensor.is_complex() else torch.float64
        assert torch.equal(found.to(wide), tensor.detach().to(wide))


@pytest.mark.parametrize("older", [False, True])
@pytest.mark.filterwarnings("ignore")
def test_a_module_that_was_saved_whole(older: bool, tmp_path: Path) -> None:
    module = nn.Sequential(nn.Conv2d(1, 2, 3), nn.Sequential(nn.BatchNorm2d(2)))
    file = tmp_path / "module.pt"
    torch.save(module, file, _use_new_zipfile_serialization=not older)
    held = open_weights(file)
    assert held.shapes == {name: tuple(t.shape) for name, t in module.state_dict().items()}
    assert torch.equal(held.read("0.weight"), module[0].weight)


def test_what_is_no_file_of_weights(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="no weights at"):
        open_weights(tmp_path / "none.pth")
    text = tmp_path / "notes.pth"
    text.write_text("a list of weights")
    with pytest.raises(ValueError, match=r"notes\.pth cannot be read"):
        open_weights(text)
    torch.save({"epoch": 3}, tmp_path / "bare.pth")
    with pytest.raises(ValueError, match=r"bare\.pth has no tensors"):
        open_weights(tmp_path / "bare.pth")
    with pytest.raises(ValueError, match="must have one file"):
        open_weights(tmp_path)
