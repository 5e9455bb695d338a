"""Sources of vectors: rows of numbers."""

from nearfar.data.vectors.labelled import label_vectors
from nearfar.data.vectors.opening import open_vectors
from nearfar.data.vectors.vectors import VectorSource

__all__ = ["VectorSource", "label_vectors", "open_vectors"]
