"""The verbs of a run, the same at the top level; what an editor knows of them."""

from __future__ import annotations

import subprocess
import sys
import typing
from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest

import nearfar
from nearfar import api
from nearfar.api._keywords import DataKeywords, TrainingKeywords
from nearfar.data import MODALITIES
from nearfar.modalities import modality
from nearfar.training import TrainingOptions


def test_a_run_and_the_top_level_return_the_same(
    digits_run: api.Run, few_digits: Path, tmp_path: Path
) -> None:
    rows = digits_run.embed("digits")
    assert np.array_equal(nearfar.embed(digits_run, "digits"), rows)
    assert np.array_equal(nearfar.embed(digits_run.path, "digits"), rows)
    named = nearfar.embed(digits_run, "digits", ids=True)
    assert np.array_equal(named.embeddings, rows)
    assert len(named.ids) == len(rows)
    assert named.ids == digits_run.embed("digits", ids=True).ids
    assert nearfar.diagnose(digits_run) == digits_run.diagnose() == digits_run.health
    probed = digits_run.probe(few_digits, representations=["raw"])
    assert nearfar.probe(digits_run, few_digits, representations=["raw"]) == probed
    assert nearfar.compare([digits_run, digits_run.path]) == digits_run.compare(digits_run.path)
    assert nearfar.report(digits_run) == digits_run.report() == digits_run.directory.report
    for number, export in enumerate(
        (digits_run.export, lambda f, o: nearfar.export(digits_run, f, o))
    ):
        out = tmp_path / f"{number}.safetensors"
        assert export("safetensors", out) == out
    weights = [(tmp_path / f"{number}.safetensors").read_bytes() for number in (0, 1)]
    assert weights[0] == weights[1]


@pytest.mark.usefixtures("as_users_run_it")
def test_verbs_refuse_what_they_cannot_do(digits_run: api.Run) -> None:
    with pytest.raises(ValueError, match="`runs` must name at least one run, got none"):
        nearfar.compare([])
    with pytest.raises(ValueError, match=r"`representations` must be one of .*, got 'best'"):
        digits_run.probe("digits", representations=["best"])  # type: ignore[list-item]


def test_one_run_is_compared_with_none(digits_run: api.Run) -> None:
    rows = digits_run.compare()
    assert len(rows) == 1
    assert nearfar.compare(digits_run) == nearfar.compare(str(digits_run.path)) == rows


@pytest.mark.usefixtures("as_users_run_it")
def test_what_is_no_method_and_a_second_view_of_a_run_are_refused(digits_run: api.Run) -> None:
    with pytest.raises(ValueError, match="`second` must be None for a run"):
        nearfar.diagnose(digits_run, np.zeros((4, 2)))
    for wrong in (3, nearfar):
        with pytest.raises(TypeError, match=r"`method` must be the name of a method, .* got "):
            nearfar.pretrain(wrong, "digits")  # type: ignore[call-overload]


def test_keywords_are_the_options_of_the_loop() -> None:
    known = typing.get_type_hints(TrainingOptions)
    assert typing.get_type_hints(TrainingKeywords) == {
        field.name: known[field.name] for field in fields(TrainingOptions)
    }


def test_keywords_are_the_options_of_every_kind_of_data() -> None:
    typed = typing.get_type_hints(DataKeywords)
    used = set()
    for name in MODALITIES:
        options = typing.get_type_hints(modality(name).options)
        for option, hint in options.items():
            allowed = set(typing.get_args(hint)) or {hint}
            assert allowed <= (set(typing.get_args(typed[option])) or {typed[option]}), option
            used.add(option)
    assert used == set(typed)


def test_every_choice_in_the_help_lists_what_there_is(capsys: pytest.CaptureFixture[str]) -> None:
    from nearfar.cli import main

    assert main(["train", "byol", "--data", "digits", "--help"]) == 0
    shown = " ".join(capsys.readouterr().out.replace("│", " ").split())
    for flag in ("--optimizer", "--schedule", "--precision", "--stem", "--norm", "--setting"):
        assert f"{flag} CHOICE" in shown
    for choices in ("adamw, lars, sgd", "constant, cosine", "small, imagenet, cifar"):
        assert f"[choices: {choices}]" in shown


def test_the_package_runs_as_a_module() -> None:
    command = [sys.executable, "-m", "nearfar", "--version"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == nearfar.__version__
