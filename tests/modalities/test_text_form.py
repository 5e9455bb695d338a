"""The form of texts is a tokenizer's fields, written down once more for records."""

from __future__ import annotations

from dataclasses import MISSING, fields
from typing import Any

from nearfar.modalities import TextForm
from nearfar.views import Tokenizer


def declared(kind: Any) -> dict[str, tuple[Any, Any]]:
    return {field.name: (field.type, field.default) for field in fields(kind)}


def test_a_form_of_texts_has_the_fields_of_a_tokenizer() -> None:
    assert declared(TextForm) == declared(Tokenizer)
    assert declared(TextForm)["vocabulary"] == ("int", MISSING)
