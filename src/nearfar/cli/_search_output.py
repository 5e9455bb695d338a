"""What the commands that search embeddings share: names of pages, and excerpts."""

from __future__ import annotations

from pathlib import Path

__all__ = ["excerpt", "page_of"]

_LETTERS = 70


def page_of(embeddings: Path, name: str, out: Path | None) -> Path:
    """The page to write: as given, else in the run's directory or next to the file.

    Raises:
        ValueError: Another extension than ``.html``.

    >>> page_of(Path("data/e.npz"), "outliers", None).as_posix()
    'data/e-outliers.html'
    """
    if out is not None:
        if out.suffix.lower() not in (".html", ".htm"):
            raise ValueError(f"`--out` must end in .html, got {str(out)!r}")
        return out
    if embeddings.is_dir() and embeddings.suffix != ".zarr":
        return embeddings / f"{name}.html"
    return embeddings.with_name(f"{embeddings.stem}-{name}.html")


def excerpt(text: str) -> str:
    r"""The beginning of a text, in one line.

    >>> excerpt("one\n two")
    'one two'
    """
    line = " ".join(text.split())
    return line if len(line) <= _LETTERS else line[: _LETTERS - 2].rsplit(" ", 1)[0] + " …"
