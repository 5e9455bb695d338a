"""Tables as vectors or texts, by what their columns hold, whatever file or frame they are in."""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars
import pyarrow
import pytest

from nearfar.data import modality_of, open_labeled, open_source
from nearfar.data._column_roles import Role, role_of
from nearfar.data._table_kind import holds_numbers, text_columns
from nearfar.data._tables import Table
from tests.data.pictures import fill

RANDOM = np.random.default_rng(0)
N = 60
WORDS = ["the", "red", "car", "is", "on", "a", "small", "road", "near", "our", "house", "today"]
SENTENCES = [" ".join(RANDOM.choice(WORDS, 9)) for _ in range(N)]
FIRST = ["Ada", "Bo", "Cy", "Di", "Ed", "Flo"]
NAMES = {
    "name": [f"{FIRST[i % 6]}{i}" for i in range(N)],
    "full_name": [f"Dr. {FIRST[i % 6]} van {FIRST[i // 6 % 6]}{i}" for i in range(N)],
    "sample": [f"TCGA-{i:02d}-{i * 97:04d}-01A-11R-A{i}" for i in range(N)],
    "sha": [f"{i * 7919 + 10**9:032x}" for i in range(N)],
    "where": [f"data/train/picture {i}.png" for i in range(N)],
    "found at": [f"https://example.org/items/{i}?all=1" for i in range(N)],
    "contact": [f"{FIRST[i % 6]}.{i}@a-long-example.org" for i in range(N)],
    "when": [f"2024-01-{i % 28 + 1:02d} 12:00:{i:02d} Europe/Berlin summer" for i in range(N)],
    "species": [["setosa", "virginica"][i % 2] for i in range(N)],
    "answer": ["yes, more or less" if i % 3 else "not at all so" for i in range(N)],
}


def numbers(count: int) -> pd.DataFrame:
    return pd.DataFrame(RANDOM.normal(size=(N, count)), columns=[f"f{i}" for i in range(count)])


def written(frame: pd.DataFrame, folder: Path, form: str) -> Any:
    path = folder / f"t.{form}"
    if form in ("csv", "tsv"):
        frame.to_csv(path, index=False, sep="," if form == "csv" else "\t")
    elif form == "jsonl":
        frame.to_json(path, orient="records", lines=True)
    elif form == "parquet":
        frame.to_parquet(path)
    else:
        made = {"pandas": lambda: frame, "polars": lambda: polars.from_pandas(frame)}
        return made.get(form, lambda: pyarrow.Table.from_pandas(frame))()
    return path


@pytest.mark.parametrize("name", list(NAMES))
def test_names_of_rows_do_not_make_a_table_of_texts(tmp_path: Path, name: str) -> None:
    frame = numbers(3).assign(**{name: NAMES[name]})
    source = open_source(written(frame, tmp_path, "csv"))
    assert source.describe() == f"{N} vectors of 3 features"
    called = len(set(NAMES[name])) == N and name != "when"
    named = (f"rows are called by their {name}",) if called else ()
    assert source.notes == (f"1 non-numeric column ignored: {name}", *named)
    assert source.identify(3) == (NAMES[name][3] if called else "line 5")
    first = written(frame[[name, "f0", "f1", "f2"]], tmp_path, "parquet")
    assert open_source(first).describe() == f"{N} vectors of 3 features"


FORMS = ["csv", "tsv", "jsonl", "parquet", "pandas", "polars", "pyarrow"]


@pytest.mark.parametrize("form", FORMS)
def test_the_kind_is_the_same_in_every_form(tmp_path: Path, form: str) -> None:
    barcodes = numbers(30).assign(sample=NAMES["sample"])
    source = open_source(written(barcodes, tmp_path, form))
    assert source.describe() == f"{N} vectors of 30 features"
    assert "1 non-numeric column ignored: sample" in source.notes
    reviews = numbers(3).assign(remark=SENTENCES)
    source = open_source(written(reviews, tmp_path, form))
    assert (source.modality, len(source)) == ("text", N)
    assert any("f0, f1, f2; `modality`='vectors' reads them" in note for note in source.notes)
    assert open_source(written(reviews, tmp_path, form), modality="vectors").modality == "vectors"


def test_labels_of_a_file_find_the_rows_by_their_names(tmp_path: Path) -> None:
    path = written(numbers(3).assign(sample=NAMES["sample"]), tmp_path, "csv")
    labels = pd.DataFrame({"sample": NAMES["sample"], "label": np.arange(N) % 3})
    labels.sample(frac=1, random_state=0).to_csv(tmp_path / "labels.csv", index=False)
    found = open_labeled(path, labels=tmp_path / "labels.csv")
    assert found.train_labels.tolist() == (np.arange(N) % 3).tolist()
    repeated = written(numbers(3).assign(sample=["A-1", "A-2"] * (N // 2)), tmp_path, "csv")
    assert open_source(repeated).identify(0) == "line 2"


def test_many_numbers_per_text_are_vectors_and_the_note_names_the_texts(tmp_path: Path) -> None:
    for count, kind in ((7, "text"), (8, "vectors")):
        path = written(numbers(count).assign(remark=SENTENCES), tmp_path, "csv")
        assert modality_of(path) == kind
    source = open_source(path)
    assert source.notes == (
        "1 non-numeric column ignored: remark",
        "texts of t.csv are not read: remark; `column`='remark' reads those of remark",
    )
    assert open_source(path, column="remark").modality == "text"
    named = written(numbers(30).assign(text=SENTENCES), tmp_path, "csv")
    assert modality_of(named) == "text"


@pytest.mark.parametrize("name", ["label", "target", "class", "Category"])
@pytest.mark.parametrize("word", [False, True])
def test_a_column_that_is_called_like_labels_is_no_feature(
    tmp_path: Path, name: str, word: bool
) -> None:
    classes = [i % 3 for i in range(N)]
    cells = [f"class {i}" for i in classes] if word else classes
    source = open_source(written(numbers(10).assign(**{name: cells}), tmp_path, "csv"))
    assert source.describe() == f"{N} vectors of 10 features"
    how = "" if word else "; `include` keeps them"
    assert source.notes == (f"1 column left out as labels: {name}{how}",)
    assert source.omissions == ()


def test_of_texts_the_column_is_not_that_of_paths_or_dates(tmp_path: Path) -> None:
    columns = {"where": NAMES["where"], "when": NAMES["when"], "caption": SENTENCES}
    source = open_source(written(pd.DataFrame(columns), tmp_path, "csv"))
    assert source.notes == ("texts are column 'caption'",)


def test_only_categories_or_several_texts_are_refused_with_what_to_do(tmp_path: Path) -> None:
    kinds = {c: [f"{c}{i % 3}" for i in range(N)] for c in "abc"}
    path = written(pd.DataFrame(kinds), tmp_path, "csv")
    with pytest.raises(ValueError, match=r"several columns of words.*save the categories as num"):
        open_source(path)
    path = written(pd.DataFrame({"en": SENTENCES, "fr": SENTENCES[::-1]}), tmp_path, "csv")
    with pytest.raises(ValueError, match="en, fr: `column`='en' takes one, `x`='en', `s`='fr'"):
        open_source(path)


def test_a_missing_number_names_the_option_that_helps(tmp_path: Path) -> None:
    frame = numbers(3)
    frame.loc[5, "f1"] = np.nan
    path = written(frame, tmp_path, "csv")
    with pytest.raises(ValueError, match="got '' in row 5; `exclude`='f1' leaves the column out"):
        open_source(path)
    assert open_source(path, exclude="f1").describe() == f"{N} vectors of 2 features"


def test_names_of_columns_without_rows_are_named(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("id,x,y\n")
    with pytest.raises(ValueError, match="is empty below the names of its columns, id, x, y"):
        open_source(tmp_path / "t.csv")


@pytest.mark.parametrize(
    ("cells", "role"),
    [
        (["1.5", "2", "", "-3e4"], Role.NUMBERS),
        (["1,5", "2,5"], Role.NUMBERS),
        ([[1.0, 2.0], [3, 4]], Role.NUMBERS),
        ([np.ones(3), np.ones(3)], Role.NUMBERS),
        ([True, False], Role.NUMBERS),
        ([datetime.datetime(2024, 1, 1), datetime.date(2024, 1, 2)], Role.DATE),
        (["31.12.2023", "1.1.2024"], Role.DATE),
        (["Jan 3, 2024", "3 January 2024"], Role.DATE),
        (["12:30", "13:45:10"], Role.DATE),
        (["a", "b"] * 8, Role.CATEGORY),
        (["ACGTACGTACGTACGTACGTACGTAC", "TTGACCAGTTGACCAGGTTGACCA"], Role.TEXT),
        (
            [
                "这是一个关于红色汽车的很长的句子没有任何空格",
                "另一个很长的句子它也没有任何空格在里面",
            ],
            Role.TEXT,
        ),
        (
            ["C1=CC=C(C=C1)C(=O)OCCN", "CC(=O)OC1=CC=CC=C1C(=O)O", "CN1C=NC2=C1C(=O)N(C)C(=O)"],
            Role.TEXT,
        ),
        (["BSYNRYMUTXBXSQ-UHFFFAOYSA-N", "RYYVLZVUVIJVGH-UHFFFAOYSA-N"], Role.IDENTIFIER),
        (["123e4567-e89b-12d3-a456-426614174000"] * 1, Role.IDENTIFIER),
        ([None, "", float("nan")], Role.OTHER),
        ([b"bytes", b"others"], Role.OTHER),
    ],
)
def test_the_role_of_a_column(cells: list[Any], role: Role) -> None:
    assert role_of("column", cells) is role


def test_labels_are_neither_numbers_nor_texts() -> None:
    table = Table("t", {"label": SENTENCES, "x": ["1.5"] * N}, range(N))
    assert text_columns(table) == []
    assert holds_numbers(table)
    assert not holds_numbers(Table("t", {"label": ["1"] * N, "w": ["a"] * N}, range(N)))


def test_a_table_next_to_pictures_does_not_decide_what_a_folder_is(tmp_path: Path) -> None:
    fill(tmp_path, 4)
    numbers(2).to_csv(tmp_path / "metadata.csv", index=False)
    assert modality_of(tmp_path) == "images"
