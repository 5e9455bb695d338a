"""Sources of vectors: rows of numbers."""

from nearfar.data.vectors._label_vectors import label_vectors
from nearfar.data.vectors._open_vectors import open_vectors
from nearfar.data.vectors._vectors import VectorSource

__all__ = ["VectorSource", "label_vectors", "open_vectors"]
