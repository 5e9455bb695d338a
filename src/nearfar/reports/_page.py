"""The page around the sections: one file, no network, nothing that text from outside can run."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from importlib import resources

from nearfar.reports._html import Html, element, join
from nearfar.version import __version__

__all__ = ["page"]


def page(
    title: str, header: Sequence[Html], sections: Sequence[Html], links: Sequence[tuple[str, str]]
) -> Html:
    """A whole page.

    The content security policy names the two scripts by their hash: the browser runs nothing else
    and fetches nothing from anywhere.

    Args:
        title: Text of the browser's tab.
        header: What stands above the sections.
        sections: The sections, in order.
        links: Address and words of the table of contents.

    Returns:
        The page, from doctype to end.
    """
    scripts = (_plotly(), _file("page.js")) if any("<figure>" in part for part in sections) else ()
    policy = (
        "default-src 'none'; img-src data: blob:; media-src data:; style-src 'unsafe-inline';"
        " base-uri 'none'; form-action 'none'"
    )
    if scripts:
        policy += f"; script-src {' '.join(_hash(script) for script in scripts)}"
    contents = element(
        "nav",
        *(element("a", words, href=f"#{name}") for name, words in links),
        aria_label="Contents",
    )
    html = element(
        "html",
        element(
            "head",
            element("meta", charset="utf-8"),
            element("meta", http_equiv="Content-Security-Policy", content=policy),
            element("meta", name="viewport", content="width=device-width, initial-scale=1"),
            element("meta", name="generator", content=f"nearfar {__version__}"),
            element("title", title),
            element("style", Html(_file("page.css"))),
        ),
        element(
            "body",
            element("header", *header),
            element("main", *sections[:1], contents if links else None, *sections[1:]),
            element("footer", f"Drawn by nearfar {__version__} from the records of the run."),
            element("noscript", "Figures need JavaScript; everything else on this page does not.")
            if scripts
            else None,
            *(element("script", Html(script)) for script in scripts),
        ),
        lang="en",
    )
    return join(Html("<!doctype html>\n"), html, Html("\n"))


def _file(name: str) -> str:
    return resources.files("nearfar.reports").joinpath(name).read_text(encoding="utf-8")


def _plotly() -> str:
    from plotly.offline import get_plotlyjs

    script: str = get_plotlyjs()
    return script


def _hash(script: str) -> str:
    digest = hashlib.sha256(script.encode("utf-8")).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"
