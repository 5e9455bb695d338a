"""The verdict with its evidence and suggestions."""

from __future__ import annotations

from nearfar._verdict_names import VERDICTS, is_good
from nearfar.records import HealthRecord
from nearfar.reports._html import Html, element

__all__ = ["section", "tone"]

_STROKES = {  # drawn in a 24 × 24 box
    "good": "M6 12.5l4 4 8-9",
    "bad": "M7.5 7.5l9 9m0-9l-9 9",
    "open": "M12 7v6m0 3.4v.1",
}


def tone(verdict: str | None) -> str:
    """Colour of a verdict: ``good``, ``bad``, or ``open`` without a verdict."""
    if verdict not in VERDICTS:
        return "open"
    return "good" if is_good(verdict) else "bad"


def icon(name: str) -> Html:
    """A symbol in a circle; the verdict's text repeats its meaning."""
    return element(
        "svg",
        element("circle", cx="12", cy="12", r="11"),
        element("path", d=_STROKES[name]),
        class_="icon",
        viewBox="0 0 24 24",
        aria_hidden="true",
        data_tone=name,
    )


def section(health: HealthRecord | None) -> Html:
    """The banner at the top of a report."""
    if health is None:
        words, summary = "No verdict yet", "This run has not been measured: health.json is missing."
    else:
        words, summary = health.verdict[:1].upper() + health.verdict[1:], health.summary
    sureness = health.sureness if health else ""
    steadiness = health.steadiness if health else ""
    mark = tone(health.verdict if health else None)
    advice = health.advice if health else ()
    return element(
        "section",
        icon(mark),
        element(
            "div",
            element("h2", words, id="verdict-heading"),
            element("p", _evidence(words, summary)),
            element("p", f"Confidence: {sureness}.", class_="sureness") if sureness else None,
            element("p", f"Stability: {steadiness}.", class_="sureness") if steadiness else None,
            element("h3", "What to try") if advice else None,
            element("ol", *(element("li", step) for step in advice)) if advice else None,
        ),
        id="verdict",
        class_="verdict",
        data_tone=mark,
        aria_labelledby="verdict-heading",
    )


def _evidence(words: str, summary: str) -> str:
    """The summary without the verdict, which is already the heading."""
    start = f"{words.lower()}:"
    rest = summary[len(start) :].strip() if summary.lower().startswith(start) else summary
    rest = rest[:1].upper() + rest[1:]
    return rest if rest.endswith((".", "!", "?")) or not rest else f"{rest}."
