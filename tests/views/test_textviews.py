"""Views of texts, and the vocabulary they stand on."""

from __future__ import annotations

import json
import pickle
from pathlib import Path
from typing import Any

import pytest
import torch
from tests.every import every

from nearfar.inputs import Texts, Tokens
from nearfar.views import TextViews, Tokenizer, Views

WORDS = [f"word{i}" for i in range(40)]
TEXTS = [" ".join(WORDS[i % 7 : i % 7 + 5 + i % 20]) for i in range(64)]
SAMPLES = torch.arange(64)


@pytest.fixture(scope="module")
def tokenizer() -> Tokenizer:
    return Tokenizer.fit([*TEXTS, " ".join(WORDS)], min_frequency=1)


def rows(tokens: Tokens) -> list[list[int]]:
    pairs = zip(tokens.ids.tolist(), tokens.lengths.tolist(), strict=True)
    return [ids[:length] for ids, length in pairs]


def show(views: TextViews, texts: Any = TEXTS, *, seed: int = 3, epoch: int = 5) -> list[Tokens]:
    return list(views(texts, torch.arange(len(texts)), seed=seed, epoch=epoch))


def is_part(part: list[int], whole: list[int]) -> bool:
    """Whether the one is the other with some entries left out."""
    remaining = iter(whole)
    return all(number in remaining for number in part)


def test_a_vocabulary_begins_with_padding_unknown_and_mask_and_goes_on_by_frequency() -> None:
    tokenizer = Tokenizer.fit(["b a b", "B c! Ä", "a\u0308"], min_frequency=1)
    words = json.loads(tokenizer.definition)["model"]["vocab"]
    assert list(words)[:5] == ["[PAD]", "[UNK]", "[MASK]", "b", "ä"]
    assert (tokenizer.vocabulary, tokenizer.mask, tokenizer.unknown) == (8, 2, 1)


def test_rare_words_and_those_beyond_the_limit_are_unknown() -> None:
    texts = ["a a a b b c"]
    assert rows(Tokenizer.fit(texts, min_frequency=2).encode(["a b c d"])) == [[3, 4, 1, 1]]
    small = Tokenizer.fit(texts, min_frequency=1, vocabulary=4)
    assert (small.vocabulary, rows(small.encode(["a b"]))) == (4, [[3, 1]])


def test_words_for_padding_and_mask_in_a_text_are_words_like_others(tokenizer: Tokenizer) -> None:
    tokens = tokenizer.encode(["[PAD] [MASK] word1"])
    assert (tokens.ids > 0).all()
    assert 2 not in tokens.ids


def test_a_long_text_is_cut_and_one_without_words_is_an_unknown_word() -> None:
    tokenizer = Tokenizer.fit(["a b c"], min_frequency=1, words=2)
    assert rows(tokenizer.encode(["a b c a", " \n "])) == [[3, 4], [1]]


def test_padding_is_zero_and_behind_the_words(tokenizer: Tokenizer) -> None:
    tokens = tokenizer.encode(["word1", "word1 word2 word3"])
    assert tokens.lengths.tolist() == [1, 3]
    assert (tokens.ids == 0).tolist() == [[False, True, True], [False] * 3]


def test_a_tokenizer_is_the_same_after_json_and_after_pickle(tokenizer: Tokenizer) -> None:
    form = json.loads(json.dumps(tokenizer.form()))
    tokens = tokenizer.encode(TEXTS)
    for other in (Tokenizer.of_form(form), pickle.loads(pickle.dumps(tokenizer))):
        assert other == tokenizer
        assert torch.equal(other.encode(TEXTS).ids, tokens.ids)


def test_what_is_remembered_changes_nothing(tokenizer: Tokenizer) -> None:
    first = tokenizer.encode(TEXTS)
    again = tokenizer.encode([*TEXTS[::-1], "word1 new"])
    assert rows(again)[:-1] == rows(first)[::-1]


def test_counts_are_those_of_the_words() -> None:
    tokenizer = Tokenizer.fit(["a b a"], min_frequency=1)
    assert tokenizer.counts(["a b a", "b z"]).tolist() == [0, 1, 0, 2, 2]


def test_decoding_gives_the_words_back(tokenizer: Tokenizer) -> None:
    assert tokenizer.decode(tokenizer.encode(TEXTS)) == TEXTS


def test_text_views_speak_the_protocol(tokenizer: Tokenizer) -> None:
    views = TextViews(tokenizer, num_views=3)
    assert isinstance(views, Views)
    assert len(show(views)) == 3
    assert TextViews(tokenizer, **views.settings()).settings() == views.settings()
    assert "erase=0.2" in repr(views)


def test_texts_lists_and_tokens_are_seen_alike(tokenizer: Tokenizer) -> None:
    views = TextViews(tokenizer)
    first = rows(show(views, TEXTS)[0])
    assert rows(show(views, Texts(tuple(TEXTS)))[0]) == first
    assert rows(show(views, tokenizer.encode(TEXTS))[0]) == first


SETTINGS: list[dict[str, Any]] = [
    {"erase": 0.4},
    {"erase": 0.4, "mask": True},
    {"erase": 0.1, "replace": 0.4},
    {"erase": 0.0, "crop": (0.2, 0.6)},
    {"erase": 0.3, "replace": 0.3, "crop": (0.5, 1.0)},
]


@pytest.mark.parametrize("settings", SETTINGS)
def test_a_view_does_not_depend_on_its_batch(
    tokenizer: Tokenizer, settings: dict[str, Any]
) -> None:
    views = TextViews(tokenizer, **settings)
    together = show(views)
    for chosen in (torch.tensor([63, 2, 17]), torch.tensor([0])):
        texts = [TEXTS[i] for i in chosen.tolist()]
        apart = views(texts, chosen, seed=3, epoch=5)
        for one, all_of_them in zip(apart, together, strict=True):
            assert rows(one) == [rows(all_of_them)[i] for i in chosen.tolist()]


@pytest.mark.parametrize("settings", SETTINGS)
def test_views_seeds_and_epochs_differ(tokenizer: Tokenizer, settings: dict[str, Any]) -> None:
    views = TextViews(tokenizer, **settings)
    first, second = show(views)
    others = [second, show(views, epoch=6)[0], show(views, seed=4)[0]]
    assert every(rows(other) != rows(first) for other in others)
    assert rows(show(views)[0]) == rows(first)


@pytest.mark.parametrize("settings", SETTINGS)
def test_every_view_is_whole_words_with_padding_behind(
    tokenizer: Tokenizer, settings: dict[str, Any]
) -> None:
    for view in show(TextViews(tokenizer, **settings)):
        assert (view.lengths >= 1).all()
        assert view.ids.shape[1] == view.lengths.max()
        assert torch.equal(view.ids > 0, view.mask())
        assert int(view.ids.max()) < tokenizer.vocabulary


def test_erased_words_are_left_out_in_order_at_their_rate(tokenizer: Tokenizer) -> None:
    texts = [" ".join(WORDS)] * 500
    whole = rows(tokenizer.encode(texts[:1]))[0]
    (view, _) = show(TextViews(tokenizer, erase=0.2), texts)
    assert every(is_part(row, whole) for row in rows(view))
    assert view.lengths.float().mean().item() / 40 == pytest.approx(0.8, abs=0.01)


def test_masked_words_stay_where_they_were(tokenizer: Tokenizer) -> None:
    texts = [" ".join(WORDS)] * 500
    whole = tokenizer.encode(texts)
    (view, _) = show(TextViews(tokenizer, erase=0.2, mask=True), texts)
    masked = view.ids == tokenizer.mask
    assert torch.equal(view.ids[~masked], whole.ids[~masked])
    assert masked.float().mean().item() == pytest.approx(0.2, abs=0.01)


def test_a_crop_is_one_stretch_of_the_text(tokenizer: Tokenizer) -> None:
    texts = [" ".join(WORDS)] * 500
    whole = rows(tokenizer.encode(texts[:1]))[0]
    (view, _) = show(TextViews(tokenizer, erase=0.0, crop=(0.25, 0.5)), texts)
    starts = [whole.index(row[0]) for row in rows(view)]
    ends = zip(starts, rows(view), strict=True)
    assert every(row == whole[start : start + len(row)] for start, row in ends)
    assert {len(row) for row in rows(view)} == set(range(10, 21))
    assert (min(starts), max(starts)) == (0, 30)


def test_replaced_words_come_by_their_frequency(tokenizer: Tokenizer) -> None:
    counts = torch.zeros(tokenizer.vocabulary, dtype=torch.int64)
    counts[3], counts[4], counts[0], counts[1], counts[2] = 3, 1, 9, 9, 9
    views = TextViews(tokenizer, erase=0.0, replace=0.5, frequencies=counts)
    texts = [" ".join(WORDS[10:])] * 500
    whole = tokenizer.encode(texts)
    assert not torch.isin(whole.ids, torch.tensor([3, 4])).any()
    (view, _) = show(views, texts)
    changed = view.ids[view.ids != whole.ids]
    assert len(changed) / whole.ids.numel() == pytest.approx(0.5, abs=0.02)
    assert set(changed.tolist()) == {3, 4}
    assert (changed == 3).float().mean().item() == pytest.approx(0.75, abs=0.02)


@pytest.mark.parametrize(
    "settings", [{"erase": 1.0}, {"erase": 0.0, "replace": 1.0}, {"crop": (0.01, 0.01)}]
)
def test_the_only_word_of_a_text_stays(tokenizer: Tokenizer, settings: dict[str, Any]) -> None:
    texts = ["word1", "word2", "unseen"]
    for view in show(TextViews(tokenizer, **settings), texts):
        assert rows(view) == rows(tokenizer.encode(texts))


def test_one_word_stays_of_a_text_that_is_erased_whole(tokenizer: Tokenizer) -> None:
    (view, _) = show(TextViews(tokenizer, erase=1.0))
    whole = rows(tokenizer.encode(TEXTS))
    assert view.lengths.tolist() == [1] * 64
    assert every(row[0] in text for row, text in zip(rows(view), whole, strict=True))


def test_without_changes_both_views_are_the_text_and_a_note_says_so(tokenizer: Tokenizer) -> None:
    views = TextViews(tokenizer, erase=0.0)
    assert views.notes == ("views differ only by the encoder's dropout",)
    assert every(rows(view) == rows(tokenizer.encode(TEXTS)) for view in show(views))
    assert TextViews(tokenizer).notes == ()


def test_what_a_transformer_puts_at_the_ends_stays(tokenizer: Tokenizer) -> None:
    settings = tokenizer.form() | {"special": [3, 4], "mask": None}
    special = Tokenizer.of_form(settings)
    inner = torch.tensor([[3, 7, 8, 9, 10, 4]]).repeat(100, 1)
    tokens = Tokens(inner, torch.full((100,), 6))
    for chosen in ({"erase": 1.0}, {"erase": 0.0, "crop": (0.3, 0.3)}, {"replace": 1.0}):
        for view in show(TextViews(special, **chosen), tokens):  # type: ignore[arg-type]
            found = rows(view)
            assert every(
                (row[0], row[-1], row.count(3), row.count(4)) == (3, 4, 1, 1) for row in found
            )
            assert every(len(row) > 2 for row in found)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"erase": 1.5}, "`erase` must lie between 0 and 1"),
        ({"replace": -0.1}, "`replace` must lie between 0 and 1"),
        ({"crop": (0.9, 0.1)}, "`crop` must be two fractions"),
        ({"crop": (0.0, 0.5)}, "`crop` must be two fractions"),
        ({"num_views": 0}, "`num_views` must be a whole number of 1 or more, got 0"),
        ({"replace": 0.1, "frequencies": torch.arange(2)}, r"`frequencies` must be 43 .* \(2,\)"),
        ({"replace": 0.1, "frequencies": torch.zeros(43, dtype=torch.int64)}, "at least one word"),
    ],
)
@pytest.mark.usefixtures("as_users_run_it")
def test_wrong_settings_are_refused(
    tokenizer: Tokenizer, settings: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        TextViews(tokenizer, **settings)


def test_a_mask_needs_a_word_for_it(tokenizer: Tokenizer) -> None:
    without = Tokenizer.of_form(tokenizer.form() | {"mask": None})
    with pytest.raises(ValueError, match="`mask` needs a tokenizer"):
        TextViews(without, mask=True)


def test_every_text_needs_its_number(tokenizer: Tokenizer) -> None:
    with pytest.raises(ValueError, match="`samples` must be 64 indices"):
        TextViews(tokenizer)(TEXTS, torch.arange(3), seed=0, epoch=0)


def test_a_folder_without_a_tokenizer_says_so(tmp_path: Path) -> None:
    pytest.importorskip("transformers")
    with pytest.raises(ValueError, match="has no tokenizer"):
        Tokenizer.of_transformer(str(tmp_path))
