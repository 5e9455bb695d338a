"""The samples that findings are about: pictures or texts of the first, names of the others."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from nearfar.records import Exhibit, Finding, HealthRecord, NamedSamples
from nearfar.reports._formatting import count
from nearfar.reports._gallery_section import exhibit_list
from nearfar.reports._html import Html, element
from nearfar.reports._quantities import title
from nearfar.reports._section import section_of

__all__ = ["section"]

_SHOWN, _OF_A_GROUP = 12, 6  # samples per finding, and of each group


def section(health: HealthRecord | None, samples: Sequence[Exhibit] = ()) -> list[Html]:
    """A part per finding with named samples; no section at all without any.

    Args:
        health: The verdict.
        samples: Samples as small pictures or texts, each with its name as the caption.
    """
    if health is None or not health.named_samples:
        return []
    pictures = {exhibit.caption: exhibit for exhibit in samples}
    findings = {finding.name: finding for finding in health.findings}
    parts = [_part(each, findings.get(each.finding), pictures) for each in health.named_samples]
    return [
        section_of(
            "evidence",
            "Samples behind the findings",
            *parts,
            lead="The samples that a finding is about, the most notable first.",
        )
    ]


def _part(named: NamedSamples, finding: Finding | None, pictures: Mapping[str, Exhibit]) -> Html:
    examined = f" of {count(named.compared)} examined" if named.compared else ""
    about = f"{named.about}: {count(named.total)}{examined}"
    known = [*_shown(named, pictures)]
    return element(
        "div",
        element("h3", title(named.finding)),
        element("p", finding.reading, class_="reading") if finding else None,
        element("p", f"{about[:1].upper()}{about[1:]}.", class_="lead"),
        *(exhibit_list(group, "sample") for group in known),
        _names(named, opened=not known),
        class_="finding",
    )


def _shown(named: NamedSamples, pictures: Mapping[str, Exhibit]) -> Iterator[list[Exhibit]]:
    """Exhibits of the first samples, a list per group; without groups one list."""
    if not any(name in pictures for name in named.ids[:_SHOWN]):
        return
    if not named.groups:
        yield [
            _captioned(pictures, name, named.described(place))
            for place, name in enumerate(named.ids[:_SHOWN])
        ]
        return
    room = _SHOWN
    for names in named.members:
        if room < min(len(names), _OF_A_GROUP):
            return
        room -= len(names[:_OF_A_GROUP])
        yield [_captioned(pictures, name, "") for name in names[:_OF_A_GROUP]]


def _captioned(pictures: Mapping[str, Exhibit], name: str, said: str) -> Exhibit:
    return replace(pictures.get(name, Exhibit(name)), caption=f"{name} · {said}" if said else name)


def _names(named: NamedSamples, *, opened: bool) -> Html:
    """All names, in a part that opens; open if there are no pictures and few names."""
    lines, place = [], 0
    for names in named.members:
        said = named.described(place) if not named.groups else ""
        line = element("bdi", " = ".join(names))
        lines.append(element("li", line, f" ({said})" if said else None))
        place += len(names)
    more = f", the first {count(len(named.ids))} of {count(named.total)}" if named.left else ""
    return element(
        "details",
        element("summary", f"All names{more}"),
        element("ul", *lines, class_="names"),
        open=opened and len(named.ids) <= _SHOWN,
    )
