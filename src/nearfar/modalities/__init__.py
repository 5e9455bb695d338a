"""The kinds of samples: images, sounds and series, texts, graphs, vectors, pairs."""

from importlib import import_module

from nearfar.checks import check_choice
from nearfar.data import MODALITIES
from nearfar.modalities._modality import Modality, OnnxCall

__all__ = ["Modality", "OnnxCall", "modality"]


def modality(name: str) -> Modality:
    """A modality by name.

    >>> modality("images").encoder
    'convnet'
    """
    check_choice(MODALITIES, modality=name)
    found: Modality = getattr(import_module(f"nearfar.modalities._{name}"), name.capitalize())()
    return found
