"""Which processes a launcher has started, by their environment."""

from __future__ import annotations

import pytest

from nearfar._launchers import first_process, launched_here, launched_processes

ELASTIC = {"TORCHELASTIC_RUN_ID": "x", "WORLD_SIZE": "4", "LOCAL_WORLD_SIZE": "2"}
STEP = {"SLURM_STEP_ID": "0", "SLURM_STEP_NUM_TASKS": "3", "SLURM_JOB_NAME": "train"}


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({}, (1, 1, True)),
        (ELASTIC | {"RANK": "0"}, (4, 2, True)),
        (ELASTIC | {"RANK": "3"}, (4, 2, False)),
        (STEP | {"SLURM_PROCID": "0"}, (3, 3, True)),
        (STEP | {"SLURM_PROCID": "2"}, (3, 3, False)),
        ({"SLURM_NTASKS": "2"}, (1, 1, True)),  # the shell of an allocation
        (STEP | {"SLURM_PROCID": "0", "SLURM_JOB_NAME": "bash"}, (1, 1, True)),
        ({"WORLD_SIZE": "2", "RANK": "1"}, (1, 1, True)),
    ],
)
def test_a_launcher_is_found_by_its_environment(
    monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], expected: tuple[int, int, bool]
) -> None:
    for name in (*ELASTIC, *STEP, "RANK", "SLURM_PROCID", "SLURM_NTASKS", "SLURM_NTASKS_PER_NODE"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert (launched_processes(), launched_here(), first_process()) == expected
