"""The examples on the theory's pages print what the pages say."""

from __future__ import annotations

import doctest
import re
from pathlib import Path

import pytest

PAGES = sorted((Path(__file__).parents[2] / "docs" / "theory").glob("*.md"))
BLOCK = re.compile(r"^```(?:python|pycon)\n(.*?)^```", re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_examples_of_a_page_print_what_it_says(page: Path) -> None:
    source = "\n".join(block for block in BLOCK.findall(page.read_text("utf-8")) if ">>>" in block)
    test = doctest.DocTestParser().get_doctest(source, {}, page.stem, str(page), 0)
    said: list[str] = []
    options = doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS
    result = doctest.DocTestRunner(optionflags=options).run(test, out=said.append)
    assert result.failed == 0, "".join(said)
