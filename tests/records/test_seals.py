"""Checksums inside the files of a run: every single damage is found."""

from __future__ import annotations

import json
import random
import time
import zlib
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from nearfar.records import Metrics, NamedSamples, TrainMetrics
from nearfar.records._metrics_record import metrics_lines
from nearfar.records._seals import (
    UNSEALED,
    DamagedFileError,
    check_json,
    check_tensors,
    check_text,
    is_sealed,
    seal_json,
    seal_line,
    seal_tensors,
    seal_text,
)

TEXT = json.dumps({"loss": 1.25, "words": ["ä", "b"], "more": {"a": None}}, indent=1)


@pytest.mark.parametrize(
    ("seal", "check"), [(seal_json, check_json), (seal_line, check_json), (seal_text, check_text)]
)
def test_each_flipped_bit_of_a_sealed_text_is_found(seal, check) -> None:
    sealed = seal(TEXT)
    check(sealed, required=True)
    for place in range(8 * len(sealed.encode())):
        content = bytearray(sealed.encode())
        content[place // 8] ^= 1 << place % 8
        with pytest.raises(ValueError, match=r"checksum|codec"):
            check(content.decode(), required=True)


def test_a_sealed_object_is_the_object_with_its_checksum() -> None:
    for text in (TEXT, "{}", '{"a": 1}'):
        sealed = seal_json(text)
        assert is_sealed(sealed)
        assert not is_sealed(text)
        assert json.loads(sealed) == json.loads(text) | {"crc32": json.loads(sealed)["crc32"]}
        assert "\n" not in seal_line(text.replace("\n", ""))
    expected = zlib.crc32(b'{"a": 1')
    assert json.loads(seal_line('{"a": 1}'))["crc32"] == f"{expected:08x}"
    with pytest.raises(DamagedFileError, match="no checksum"):
        check_json(TEXT, required=True)
    check_json(TEXT)  # of an older version


def test_each_damage_of_sealed_tensors_is_found_and_others_can_read_them(tmp_path: Path) -> None:
    file, rng = tmp_path / "a.safetensors", random.Random(0)
    save_file({"weight": torch.arange(50.0)}, file, metadata={"crc32": UNSEALED, "step": "3"})
    seal_tensors(file)
    check_tensors(file, required=True)
    assert load_file(file)["weight"].tolist() == list(range(50))
    whole = file.read_bytes()
    for _ in range(60):
        content = bytearray(whole)
        content[rng.randrange(len(whole))] ^= 1 << rng.randrange(8)
        for damaged in (content, whole[: rng.randrange(len(whole))], bytes(len(whole))):
            file.write_bytes(damaged)
            with pytest.raises(DamagedFileError, match=r"checksum|safetensors"):
                check_tensors(file, required=True)


def test_a_hundred_megabytes_are_checked_in_a_fifth_of_a_second(tmp_path: Path) -> None:
    file = tmp_path / "a.safetensors"
    save_file({"weight": torch.zeros(25_000_000)}, file, metadata={"crc32": UNSEALED})
    seal_tensors(file)
    times = []
    for _ in range(3):
        start = time.process_time()
        check_tensors(file, required=True)
        times.append(time.process_time() - start)
    assert min(times) < 0.2


def test_damaged_lines_of_metrics_are_named_or_left_out(tmp_path: Path) -> None:
    file = tmp_path / "metrics.jsonl"
    lines = [seal_line(TrainMetrics(step=step, loss=1.5).to_json()) for step in range(4)]
    for damaged in ("5", lines[1].replace("1.5", "1.7"), '{"kind": "train", "step": 1, "loss": 9}'):
        file.write_text("\n".join([lines[0], damaged, *lines[2:], lines[3][:20]]))
        with pytest.raises(DamagedFileError, match="line 2"):
            metrics_lines(file)
        found: list[int] = []
        assert [m.step for m in Metrics.of(metrics_lines(file, damaged=found)).train] == [0, 2, 3]
        assert found == [2]
    file.write_text('{"kind": "train", "step": 1, "loss": 9}\n5\n{"kind":')  # of version 0.1
    assert len(Metrics.of(metrics_lines(file)).train) == 1


@pytest.mark.parametrize("text", ["5", "null", "[]", '{"name": 5}', "[" * 100_000, "", "{}"])
def test_a_record_of_another_form_is_refused_in_one_line(tmp_path: Path, text: str) -> None:
    file = tmp_path / "record.json"
    file.write_text(text)
    with pytest.raises(DamagedFileError, match="is not a readable NamedSamples") as error:
        NamedSamples.load(file)
    assert str(file) in str(error.value)
    assert len(str(error.value)) < 500
