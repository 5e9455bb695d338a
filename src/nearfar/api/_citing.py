"""BibTeX entries of the papers behind methods, measurements and datasets."""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass
from pathlib import Path

from nearfar._index import load_index
from nearfar._suggestions import suggest
from nearfar.records import RunDirectory
from nearfar.version import __version__

__all__ = ["Reference", "citable", "cite", "papers_of"]


@dataclass(frozen=True, kw_only=True)
class Reference:
    """An entry of ``references.bib``.

    Args:
        kind: Type of the entry: ``inproceedings``, ``article``, ...
        key: BibTeX key.
        fields: BibTeX fields by name.
        keywords: Further names under which the entry is found.
    """

    kind: str
    key: str
    fields: dict[str, str]
    keywords: tuple[str, ...] = ()

    def __str__(self) -> str:
        lines = [f"  {name} = {{{value}}}," for name, value in self.fields.items()]
        return "\n".join([f"@{self.kind}{{{self.key},", *lines, "}"])


NEARFAR = Reference(
    kind="software",
    key="nearfar",
    fields={
        "title": "nearfar: self-supervised representation learning that reports, without labels,"
        " whether training worked",
        "author": "{The nearfar authors}",
        "version": __version__,
    },
    keywords=("shapes",),
)


def cite(*names: str) -> tuple[Reference, ...]:
    """References for methods, data and measurements; without names, nearfar's own entry.

    Args:
        names: Presets of ``nearfar.methods``, datasets, measurements, optimisers, BibTeX keys, or
            directories of runs; a run cites nearfar, its method and its data.

    Raises:
        ValueError: An unknown name (the closest known name is suggested).

    >>> [reference.key for reference in cite("moco_v2", "cifar10")]
    ['he2020moco', 'chen2020mocov2', 'krizhevsky2009cifar']
    """
    if not names:
        return (NEARFAR,)
    found = [reference for name in names for reference in _behind(name)]
    return tuple({reference.key: reference for reference in found}.values())


def citable() -> dict[str, tuple[str, ...]]:
    """All names that can be cited, with the BibTeX keys of each."""
    names = {name: papers_of(name) for name in _own_methods()}
    for reference in (*_references(), NEARFAR):
        for word in reference.keywords:
            if word not in _own_methods():
                names[word] = (*names.get(word, ()), reference)
    return {name: tuple(r.key for r in names[name]) for name in sorted(names)}


def papers_of(preset: str) -> tuple[Reference, ...]:
    """The references of a method's ``paper``, found by arXiv number, else first author and year."""
    found = []
    for paper in _paper(preset).split(";"):
        arxiv = re.search(r"\d{4}\.\d{4,5}", paper)
        year = re.search(r"\b(19|20)\d\d\b", paper)
        author = paper.strip().partition(" et al.")[0].partition(" &")[0]
        found += [
            reference
            for reference in _references()
            if (
                reference.fields.get("eprint") == arxiv[0]
                if arxiv
                else year is not None
                and reference.fields["year"] == year[0]
                and reference.fields["author"].startswith(f"{author},")
            )
        ]
    return tuple(found)


def _behind(name: str) -> tuple[Reference, ...]:
    if (Path(name) / "run.json").is_file():
        run = RunDirectory(Path(name))
        data = run.read_recipe()["data"]["data"]
        known = [word for word in (run.read_run().method, data) if word in citable()]
        return (NEARFAR, *(reference for word in known for reference in _behind(word)))
    if name in (NEARFAR.key, *NEARFAR.keywords):
        return (NEARFAR,)
    method = load_index()["methods"].get(name, {}).get("alias_of") or name
    if method in _own_methods():
        return papers_of(method)
    found = tuple(r for r in _references() if name == r.key or name in r.keywords)
    if not found:
        known = [*citable(), *(reference.key for reference in _references())]
        raise ValueError(
            f"`name` must be a method, a dataset, a measurement or a run that can be cited, got"
            f" {name!r}{suggest(name, known)}; nearfar cite lists them"
        )
    return found


def _own_methods() -> dict[str, str]:
    """The paper of each built-in method."""
    methods = load_index()["methods"].items()
    return {name: known["row"]["paper"] for name, known in methods if not known["alias_of"]}


def _paper(preset: str) -> str:
    if preset in _own_methods():
        return _own_methods()[preset]
    from nearfar.api._method_listing import method_class

    return method_class(preset).paper


@functools.cache
def _references() -> tuple[Reference, ...]:
    text = Path(__file__).with_name("references.bib").read_text(encoding="utf-8")
    found = []
    for kind, key, body in re.findall(r"^@(\w+)\{([\w-]+),\n(.*?)^\}$", text, re.M | re.S):
        fields = dict(re.findall(r"^  (\w+) = \{(.*)\},$", body, re.M))
        words = fields.pop("keywords", "")
        found.append(
            Reference(
                kind=kind, key=key, fields=fields, keywords=tuple(w for w in words.split(", ") if w)
            )
        )
    return tuple(found)
