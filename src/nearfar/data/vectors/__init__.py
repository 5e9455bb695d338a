"""Sources of vectors."""

from nearfar.data.vectors._open_vectors import VECTORS, label_vectors, open_vectors
from nearfar.data.vectors._vector_arrays import VectorSource

__all__ = ["VECTORS", "VectorSource", "label_vectors", "open_vectors"]
