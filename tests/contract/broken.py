"""How the tests ask whether a check can fail."""

from __future__ import annotations

import re

import pytest

from nearfar.testing import Check


def fails(checks: list[Check], name: str, words: str) -> None:
    """The check of this name fails, names itself and its subject, and says these words."""
    found = {check.name: check for check in checks}
    check = found[name]
    with pytest.raises(AssertionError, match=words) as error:
        check()
    assert str(error.value).startswith(f"{check.subject} fails `{name}`: ")
    assert re.search(words, str(error.value))
