"""Words that are no command, no method or no flag's value, and what was probably meant."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from nearfar._index import load_index
from nearfar._plugins import plugins
from nearfar._suggestions import suggest

__all__ = ["is_data", "known_methods", "unknown_command", "unknown_method"]

RELATED = {
    "byol": ("dino", "dinov2", "dinov3", "ibot", "data2vec", "esvit", "bgrl"),
    "moco_v2": ("moco", "mocov2", "mocov3", "moco_v3", "npid", "instdisc", "pirl", "densecl"),
    "simclr": ("simclrv2", "simclr_v2", "nnclr", "supcon", "dcl", "relic"),
    "swav": ("dino", "dinov2", "deepcluster", "deepclusterv2", "sela", "smog", "msn", "pcl"),
    "vicreg": ("vicregl", "vibcreg", "wmse", "w_mse", "tico", "lejepa", "mmcr"),
    "barlow_twins": ("tico", "corinfomax"),
    "simsiam": ("fastsiam", "directpred"),
    "autoencoder": ("mae", "beit", "simmim", "maskfeat", "vae", "jepa", "ijepa", "i_jepa"),
    "cpc": ("wav2vec", "wav2vec2", "apc", "hubert", "ts2vec", "ts_tcc"),
    "cpc_v2": ("cpcv2", "jigsaw", "rotnet"),
    "multiview": ("clip", "cmc", "siglip", "slip"),
    "dgi": ("graphcl", "grace", "mvgrl", "infograph", "gmi", "bgrl"),
    "curl": ("simcse", "quickthought", "declutr"),
    "deep_infomax": ("dim", "infomax", "mine"),
}
"""Methods of the field that are not here, by the nearest one that is."""


def known_methods() -> tuple[str, ...]:
    """Names of the methods of nearfar and of installed packages, without aliases."""
    own = (name for name, known in load_index()["methods"].items() if not known["alias_of"])
    return tuple(dict.fromkeys((*own, *plugins("nearfar.methods"))))


def unknown_method(word: str) -> str:
    """What is wrong with a word that is no method."""
    known = known_methods()
    folded = word.casefold().replace("-", "_")
    nearest = [name for name, others in RELATED.items() if folded in others]
    same = [name for name in known if name.replace("_", "") == folded.replace("_", "")]
    if same:
        hint = f" (did you mean {same[0]!r}?)"
    elif nearest:
        verb = "methods are" if nearest[1:] else "method is"
        hint = f", which nearfar does not have (the nearest {verb} {' and '.join(nearest)})"
    else:
        hint = suggest(folded, [*known, *load_index()["methods"]])
    return (
        f"`method` must be one of {', '.join(sorted(known))}, or a reference to a method of your"
        f" own (package.module:name), got {word!r}{hint}"
    )


def unknown_command(word: str, commands: Iterable[str]) -> str:
    """What is wrong with a word that is no command."""
    known = tuple(commands)
    if word in load_index()["methods"]:
        hint = f" (did you mean nearfar train {word}?)"
    else:
        hint = suggest(word, known)
    return f"`command` must be one of {', '.join(known)}, got {word!r}{hint}"


def is_data(word: str) -> bool:
    """Whether a word is probably meant as data: the name of a dataset, or an existing path."""
    return word in load_index()["datasets"] or Path(word).expanduser().exists()
