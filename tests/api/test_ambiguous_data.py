"""The method decides what ambiguous data are; data of another kind are refused by its name."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import nearfar
from nearfar.api._choices import find_modality
from nearfar.methods import MultiView

RANDOM = np.random.default_rng(0)
N = 40
WORDS = ["the", "red", "car", "is", "on", "a", "small", "road", "near", "our", "house", "today"]
TEXTS = [" ".join(RANDOM.choice(WORDS, 7)) for _ in range(N)]
COLUMNS: dict[str, Any] = {
    "text": {"note": TEXTS},
    "two": {"en": TEXTS, "fr": TEXTS[::-1]},
    "three": {"en": TEXTS, "fr": TEXTS[::-1], "from": ["web"] * N},
    "named": {"text": TEXTS, "title": TEXTS[::-1]},
    "id": {"id": range(N), "note": TEXTS},
    "keys": {"id": [f"key-{i}" for i in range(N)], "note": TEXTS},
    "labels": {"note": TEXTS, "label": ["good", "bad"] * (N // 2)},
    "photos": {"photo": [f"photos/{i}.jpg" for i in range(N)], "caption": TEXTS},
    "words": {
        "en": [f"w{chr(97 + i % 26)}{chr(97 + i // 26)}" for i in range(N)],
        "fr": ["un", "deux"] * 20,
    },
    "numbers": {f"f{i}": RANDOM.normal(size=N) for i in range(3)},
    "edges": {"a": RANDOM.integers(0, 20, N), "b": RANDOM.integers(0, 20, N)},
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, columns in COLUMNS.items():
        pd.DataFrame(columns).to_csv(tmp_path / f"{name}.csv", index=False)
    np.save(tmp_path / "pairs.npy", RANDOM.integers(0, 20, (N, 2)))
    return tmp_path


def chosen(data: Any, method: str, **given: Any) -> str:
    return find_modality(data, modality=None, method=method, given=given).name


@pytest.mark.parametrize(
    ("name", "method", "modality"),
    [
        ("edges.csv", "dgi", "graphs"),
        ("edges.csv", "simclr", "vectors"),
        ("pairs.npy", "dgi", "graphs"),
        ("numbers.csv", "dgi", "vectors"),
        ("text.csv", "dgi", "text"),
        ("numbers.csv", "multiview", "vectors"),
        ("text.csv", "multiview", "text"),
        ("id.csv", "multiview", "text"),
        ("keys.csv", "multiview", "text"),
        ("labels.csv", "multiview", "text"),
        ("photos.csv", "multiview", "pairs"),
        ("words.csv", "multiview", "pairs"),
        ("two.csv", "multiview", "pairs"),
        ("named.csv", "multiview", "pairs"),
        ("named.csv", "simclr", "text"),
    ],
)
def test_the_modality_of_data_for_a_method(
    folder: Path, name: str, method: str, modality: str
) -> None:
    assert chosen(folder / name, method) == modality
    if name.endswith(".csv"):
        assert chosen(pd.read_csv(folder / name), method) == modality


def test_an_option_or_a_modality_that_is_given_decides(folder: Path) -> None:
    assert chosen(folder / "three.csv", "multiview", column="en") == "text"
    assert chosen(folder / "three.csv", "multiview", x="en", s="fr") == "pairs"
    found = find_modality(folder / "edges.csv", modality="vectors", method="dgi", given={})
    assert found.name == "vectors"


@pytest.mark.parametrize("frame", [False, True])
def test_a_method_of_pairs_asks_for_both_columns(folder: Path, frame: bool) -> None:
    assert MultiView.for_pairs
    path = folder / "three.csv"
    data = pd.read_csv(path) if frame else path
    shown = "data" if frame else f"'{path}'"
    with pytest.raises(ValueError, match="three" if not frame else "the table") as raised:
        nearfar.pretrain("multiview", data, epochs=1, progress=False)
    command = f"nearfar.pretrain('multiview', {shown}, x='en', s='fr')"
    assert "several columns, en, fr, from: multiview takes two" in str(raised.value)
    assert command in str(raised.value)


def test_data_of_another_kind_are_refused_by_the_name_of_the_method(folder: Path) -> None:
    words = {
        "numbers.csv": "is for graphs, got vectors: 40 vectors of 3 features",
        "text.csv": "is for graphs, got text: 40 texts of 7 words",
        "three.csv": r"is for graphs, got text: .*three\.csv \(three\.csv has several columns",
    }
    for name, expected in words.items():
        with pytest.raises(ValueError, match=f"`method` deep_graph_infomax {expected}"):
            nearfar.pretrain("dgi", folder / name, epochs=1, progress=False)


def test_a_graph_without_features_is_trained_on_and_embedded(folder: Path) -> None:
    run = nearfar.pretrain(
        "dgi", folder / "edges.csv", epochs=1, out=folder / "run", progress=False
    )
    assert any("theirs are one-hot degrees" in note for note in run.record.notes)
    whole = run.embed(folder / "edges.csv", ids=True)
    assert whole.embeddings.shape[0] == len(set(whole.ids)) == 20
    other = pd.DataFrame({"source": ["x", "y", "z"], "target": ["y", "z", "x"]})
    other.to_csv(folder / "other.csv", index=False)
    found = run.embed(folder / "other.csv", ids=True)
    assert set(found.ids) == {"x", "y", "z"}
    np.testing.assert_allclose(found.embeddings - found.embeddings[:1], 0, atol=1e-5)
