"""What is read of a run is what was written: damage is refused by name or told."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file

import nearfar
from nearfar.api._run_damage import damage_found
from nearfar.records._run_lock import holding
from nearfar.records._seals import DamagedFileError
from nearfar.training import latest_checkpoint
from tests.every import every
from tests.older_runs import as_older

FILES = (
    *("recipe.toml", "run.json", "metrics.jsonl", "health.json", "geometry.json"),
    *("gallery.json", "encoder.json", "encoder.safetensors"),
)
DAMAGES: dict[str, Callable[[bytes], bytes]] = {
    "a bit at the beginning": lambda b: b[:9] + bytes([b[9] ^ 4]) + b[10:],
    "a bit in the middle": lambda b: (
        b[: len(b) // 2] + bytes([b[len(b) // 2] ^ 1]) + b[len(b) // 2 + 1 :]
    ),
    "a bit at the end": lambda b: b[:-5] + bytes([b[-5] ^ 2]) + b[-4:],
    "cut": lambda b: b[: len(b) * 2 // 3],
    "empty": lambda b: b"",
    "zeros": lambda b: bytes(len(b)),
    "garbage": lambda b: bytes(range(256)) * 4,
    "a line twice": lambda b: b + b[-100:],
}


@pytest.fixture
def run(digits_run: nearfar.Run, tmp_path: Path) -> Path:
    return Path(shutil.copytree(digits_run.path, tmp_path / "run"))


def read_all(run: Path) -> None:
    found = nearfar.load(run)
    _ = found.record, found.health, found.metrics, found.encoder, found.description
    found.directory.read_geometry()
    found.directory.read_gallery()


@pytest.mark.parametrize("name", FILES)
def test_each_damage_of_each_file_is_refused_by_name(run: Path, name: str) -> None:
    file, read_all_is_fine = run / name, read_all(run)
    content = file.read_bytes()
    for damage in DAMAGES.values():
        file.write_bytes(damage(content))
        with pytest.raises(ValueError, match=r"damaged|readable|no recipe.toml") as error:
            read_all(run)
        assert str(run) in str(error.value)
        assert len(str(error.value)) < 500
    file.write_bytes(content)
    assert read_all_is_fine is read_all(run)


def test_a_file_of_another_run_is_refused(run: Path, tmp_path: Path) -> None:
    rows, other = np.random.default_rng(0).standard_normal((40, 5)), tmp_path / "other"
    nearfar.pretrain("vicreg", rows, epochs=1, batch_size=16, out=other, progress=False)
    for name in FILES:
        content = (run / name).read_bytes()
        shutil.copyfile(other / name, run / name)
        with pytest.raises(DamagedFileError, match="not the file that the run has written"):
            read_all(run)
        (run / name).write_bytes(content)


def test_missing_files_are_named_or_made_again(run: Path) -> None:
    for name in ("geometry.json", "gallery.json", "metrics.jsonl"):
        (run / name).rename(run / "aside")
        with pytest.raises(DamagedFileError, match=f"{name} is missing"):
            read_all(run)
        (run / "aside").rename(run / name)
    expected = load_file(run / "encoder.safetensors")
    (run / "encoder.safetensors").unlink()
    found = nearfar.load(run).encoder.state_dict()  # of the last checkpoint
    assert every(torch.equal(found[key], value) for key, value in expected.items())
    for file in (run / "checkpoints").iterdir():
        file.unlink()
    with pytest.raises(DamagedFileError, match=r"encoder\.safetensors is missing"):
        nearfar.load(run).encoder  # noqa: B018


def test_weights_that_are_no_numbers_are_refused(run: Path) -> None:
    as_older(run)
    weights = load_file(run / "encoder.safetensors")
    next(v for v in weights.values() if v.is_floating_point() and v.numel() > 1)[0] = torch.nan
    save_file(weights, run / "encoder.safetensors")
    with pytest.raises(DamagedFileError, match=r"must be numbers, but 1 of .* NaN"):
        nearfar.load(run).embed("digits")


def test_a_damaged_checkpoint_falls_back_with_words(run: Path) -> None:
    before, newest = sorted((run / "checkpoints").glob("step-*"))[-2:]
    content = newest.read_bytes()
    for damage in DAMAGES.values():
        newest.write_bytes(damage(content))
        found = latest_checkpoint(run / "checkpoints")
        assert found is not None
        assert found.path == before
        assert newest.name in found.skipped[0]
    shutil.copyfile(before, newest)  # of another update
    assert latest_checkpoint(run / "checkpoints").path == before
    newest.write_bytes(content)
    (run / "recipe.toml").write_text("[data]\n")
    with pytest.raises(ValueError, match="of a run with another recipe"):
        latest_checkpoint(run / "checkpoints")


def test_a_checkpoint_without_the_state_of_its_optimizer_is_refused(run: Path) -> None:
    newest = sorted((run / "checkpoints").glob("step-*"))[-1]
    with safe_open(newest, framework="pt") as file:
        metadata = file.metadata()
    kept = {k: v for k, v in load_file(newest).items() if k.startswith("method.")}
    save_file(kept, newest, metadata=metadata)
    assert newest.name in latest_checkpoint(run / "checkpoints").skipped[0]
    old = {k: v for k, v in metadata.items() if k not in ("crc32", "run")}
    save_file(kept, newest, metadata=old | {"format": "2", "optimizer": "{}"})
    module = torch.nn.Linear(1, 1)
    checkpoint = latest_checkpoint(run / "checkpoints")
    assert checkpoint.path == newest
    checkpoint.tensors.clear()
    checkpoint.tensors.update({f"method.{k}": v for k, v in module.state_dict().items()})
    with pytest.raises(DamagedFileError, match="lacks the optimiser's state"):
        checkpoint.restore(module, torch.optim.AdamW(module.parameters()))


def test_lost_and_damaged_lines_of_metrics_are_told(run: Path) -> None:
    directory = nearfar.load(run).directory
    checkpoint = latest_checkpoint(directory.checkpoints)
    assert damage_found(directory, checkpoint) == ()
    lines = directory.metrics.read_text().splitlines(keepends=True)
    directory.metrics.write_text("".join(lines[:-2]))
    assert damage_found(directory, checkpoint) == (
        f"metrics.jsonl lacks 2 of the lines before update {checkpoint.step}",
    )
    directory.metrics.write_text("".join([lines[0], "5\n", *lines[2:]]))
    said = damage_found(directory, checkpoint)
    assert said == ("damaged lines of metrics.jsonl are left out: 2",)


def test_a_run_without_checksums_is_read(run: Path) -> None:
    expected = nearfar.load(run).encoder.state_dict()
    found = nearfar.load(as_older(run))
    assert found.record.format == 1
    assert len(found.metrics.train) > 0
    assert every(torch.equal(found.encoder.state_dict()[k], v) for k, v in expected.items())


def test_a_run_in_training_is_not_written_by_others(run: Path) -> None:
    with holding(run):
        with pytest.raises(ValueError, match=r"another process .* trains it"):
            nearfar.report(run)
        with pytest.raises(ValueError, match="trains it"):
            nearfar.pretrain("simclr", "digits", epochs=1, out=run)
