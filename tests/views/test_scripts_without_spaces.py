"""Tokens of scripts that are written without spaces between words."""

from __future__ import annotations

import json
import re

import pytest
from tests.every import every

from nearfar.views import Tokenizer
from nearfar.views._scripts import UNSPACED, count_unspaced, unspaced_share

TEXTS = {
    "Chinese": "猫和狗。",
    "Japanese": "ねことイヌがいる",
    "Thai": "ภาษาไทยง่ายนิดเดียว",
    "Lao": "ພາສາລາວ",
    "Khmer": "ភាសាខ្មែរ",
    "Burmese": "မြန်မာဘာသာ",
    "Tibetan": "བོད་སྐད",
}


@pytest.mark.parametrize("script", TEXTS)
def test_characters_are_tokens(script: str) -> None:
    text = TEXTS[script]
    found = unspaced_share([text])
    assert found.scripts[0] == script
    assert found.share == 1.0
    tokenizer = Tokenizer.fit([text], min_frequency=1, characters=True)
    pieces = tokenizer.split(text)
    assert tokenizer.characters
    assert "".join(pieces) == "".join(text.split())
    letters = [piece for piece in pieces if count_unspaced(piece)]
    assert len(letters) > 2
    assert every(count_unspaced(piece[:1]) == 1 for piece in letters)
    single = Tokenizer.fit([text], min_frequency=1)
    assert not single.characters
    assert len(single.split(text)) < len(pieces)


def test_words_of_other_scripts_stay_words() -> None:
    text = "A cat, 2 猫 und Straße привет"
    tokenizer = Tokenizer.fit([text], min_frequency=1, characters=True)
    assert tokenizer.split(text) == ["a", "cat", ",", "2", "猫", "und", "straße", "привет"]
    for text in ("An English text", "Русский текст", "한국어 문장입니다", "نص عربي", "हिन्दी पाठ"):
        assert unspaced_share([text]).share == 0.0
        assert tokenizer.split(text) == Tokenizer.fit([text], min_frequency=1).split(text)


def test_both_libraries_find_the_same_characters() -> None:
    tokenizer = Tokenizer.fit(["a"], min_frequency=1, characters=True)
    rules = json.loads(tokenizer.definition)["pre_tokenizer"]["pretokenizers"][0]
    assert UNSPACED in rules["pattern"]["Regex"]
    letter = re.compile(f"[{UNSPACED}]")
    for first in range(0x0E00, 0x1100):
        alone = tokenizer.split(f"x{chr(first)}x")
        if chr(first).isalpha():
            assert (len(alone) > 2) == bool(letter.match(chr(first))), hex(first)


def test_the_share_is_that_of_letters() -> None:
    assert unspaced_share(["12345 猫"]).share == 1.0
    assert unspaced_share(["abc猫"]).share == 0.25
    assert unspaced_share(["123", ""]).share == 0.0
