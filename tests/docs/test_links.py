"""What README and docs point at is there."""

from __future__ import annotations

import re
from pathlib import Path
from pkgutil import walk_packages

import pytest

import nearfar
from docs.pages import PAGES, ROOT, name_of

LINK = re.compile(
    r"\]\((?!https?://|mailto:)(?P<path>[^)#\s]*)(?P<anchor>#[^)\s]*)?\)|src=\"(.*?)\""
)
FENCED = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_relative_links_of_a_page_lead_somewhere(page: Path) -> None:
    text = FENCED.sub("", page.read_text(encoding="utf-8"))
    lost = []
    for path, anchor, source in LINK.findall(text):
        target = page.parent / (path or source) if path or source else page
        heading = anchor.removeprefix("#")
        if not target.exists() or (heading and heading not in anchors(target)):
            lost.append(f"{path or source}{anchor}")
    assert lost == []


def test_the_reference_lists_every_module_that_an_installation_can_import() -> None:
    listed = (ROOT / "docs" / "reference" / "index.md").read_text(encoding="utf-8").split()
    names = [module.name for module in walk_packages(nearfar.__path__, "nearfar.")]
    public = [name for name in names if not any(part[0] == "_" for part in name.split("."))]
    public.remove("nearfar.bench")  # deprecated
    assert len(public) > 25
    named = [name for name in public if not name.startswith("nearfar.studies.")]  # found by name
    assert [name for name in named if name not in listed] == []


def test_pictures_are_small() -> None:
    pictures = [*(ROOT / "docs" / "images").glob("*.png"), *(ROOT / "docs").rglob("*.svg")]
    assert len(pictures) > 1
    assert [picture.name for picture in pictures if picture.stat().st_size > 200_000] == []


def test_python_stands_within_the_first_forty_lines_of_the_readme() -> None:
    lines = (ROOT / "README.md").read_text(encoding="utf-8").splitlines()
    assert "```python" in [line for line in lines if line.strip()][:40]


def anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, as GitHub and MyST make them."""
    headings = re.findall(r"^#+ (.*)$", page.read_text(encoding="utf-8"), flags=re.MULTILINE)
    plain = [re.sub(r"[^\w\- ]", "", heading.lower()) for heading in headings]
    return {heading.strip().replace(" ", "-") for heading in plain}
