"""How libraries name the parameters of an encoder, as timm's names for them."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

__all__ = ["SPELLINGS", "Spelling"]

Sources: TypeAlias = tuple[str, ...]
"""Names in a file; several if the tensors are stacked, as query, key and value are."""


@dataclass(frozen=True)
class Spelling:
    """The names of a library for one kind of encoder.

    Attributes:
        name: Whose names they are, for messages.
        anchor: A name that every encoder of this kind has, and that is not in other spellings.
        rename: From the names below a prefix to timm's name of each; those that it does not return
            are not the encoder's.
    """

    name: str
    anchor: str
    rename: Callable[[Sequence[str]], Mapping[str, Sources]]


def _as_they_are(names: Sequence[str]) -> Mapping[str, Sources]:
    return {name: (name,) for name in names}


def _numbered(first_layer: int) -> Callable[[Sequence[str]], Mapping[str, Sources]]:
    """A ResNet as an ``nn.Sequential`` of its children, without names."""
    known = {"0": "conv1", "1": "bn1"}
    known |= {str(first_layer + i): f"layer{i + 1}" for i in range(4)}

    def rename(names: Sequence[str]) -> Mapping[str, Sources]:
        found: dict[str, Sources] = {}
        for name in names:
            first, _, rest = name.partition(".")
            if first in known:
                found[f"{known[first]}.{_downsample(rest)}"] = (name,)
        return found

    return rename


def _shortcuts(names: Sequence[str]) -> Mapping[str, Sources]:
    return {_downsample(name): (name,) for name in names}


def _downsample(name: str) -> str:
    return re.sub(r"(^|\.)shortcut\.", r"\1downsample.", name)


def _by_patterns(*patterns: tuple[str, str]) -> Callable[[Sequence[str]], Mapping[str, Sources]]:
    compiled = [(re.compile(pattern), new) for pattern, new in patterns]

    def rename(names: Sequence[str]) -> Mapping[str, Sources]:
        found: dict[str, Sources] = {}
        for name in names:
            for pattern, new in compiled:
                if match := pattern.fullmatch(name):
                    to = match.expand(new)
                    found[to] = tuple(sorted((*found.get(to, ()), name), key=_stacking))
                    break
        return found

    return rename


def _stacking(name: str) -> int:
    """The place of a tensor among those that timm stacks."""
    return next((place for place, words in enumerate(_STACKED) if words & {*name.split(".")}), 0)


def _hugging_face_resnet(names: Sequence[str]) -> Mapping[str, Sources]:
    found: dict[str, Sources] = {}
    for name in names:
        if match := re.fullmatch(r"embedder\.embedder\.(convolution|normalization)\.(.+)", name):
            found[f"{_PART[match[1]]}1.{match[2]}"] = (name,)
        elif match := re.fullmatch(
            r"encoder\.stages\.(\d+)\.layers\.(\d+)\.(shortcut|layer\.(\d+))"
            r"\.(convolution|normalization)\.(.+)",
            name,
        ):
            place = f"layer{int(match[1]) + 1}.{match[2]}"
            if match[4] is None:
                part = f"downsample.{('convolution', 'normalization').index(match[5])}"
            else:
                part = f"{_PART[match[5]]}{int(match[4]) + 1}"
            found[f"{place}.{part}.{match[6]}"] = (name,)
    return found


_STACKED = ({"query", "q_proj"}, {"key", "k_proj"}, {"value", "v_proj"})
_PART = {"convolution": "conv", "normalization": "bn"}
_VIT_START = (
    (r"embeddings\.cls_token", "cls_token"),
    (r"embeddings\.position_embeddings", "pos_embed"),
    (r"embeddings\.register_tokens", "reg_token"),
    (r"embeddings\.patch_embeddings\.projection\.(.+)", r"patch_embed.proj.\1"),
    (r"layernorm\.(.+)", r"norm.\1"),
)
_LAYER = r"(?:encoder\.)?layers?\.(\d+)\."  # with other words in files than in memory
_ATTENTION = (
    (
        _LAYER + r"attention\.(?:attention\.(?:query|key|value)|[qkv]_proj)\.(.+)",
        r"blocks.\1.attn.qkv.\2",
    ),
    (_LAYER + r"attention\.(?:output\.dense|o_proj)\.(.+)", r"blocks.\1.attn.proj.\2"),
)
_TORCHVISION = r"encoder\.layers\.encoder_layer_(\d+)\."

SPELLINGS = (
    Spelling("timm and torchvision", "layer1.0.conv1.weight", _shortcuts),
    Spelling("a numbered torchvision ResNet", "7.0.conv1.weight", _numbered(4)),
    Spelling("a numbered lightly ResNet", "5.0.conv1.weight", _numbered(2)),
    Spelling("transformers", "embedder.embedder.convolution.weight", _hugging_face_resnet),
    Spelling("timm", "patch_embed.proj.weight", _as_they_are),
    Spelling(
        "torchvision",
        "conv_proj.weight",
        _by_patterns(
            ("class_token", "cls_token"),
            (r"conv_proj\.(.+)", r"patch_embed.proj.\1"),
            (r"encoder\.pos_embedding", "pos_embed"),
            (_TORCHVISION + r"ln_([12])\.(.+)", r"blocks.\1.norm\2.\3"),
            (_TORCHVISION + r"self_attention\.in_proj_(.+)", r"blocks.\1.attn.qkv.\2"),
            (_TORCHVISION + r"self_attention\.out_proj\.(.+)", r"blocks.\1.attn.proj.\2"),
            (_TORCHVISION + r"mlp\.(?:0|linear_1)\.(.+)", r"blocks.\1.mlp.fc1.\2"),
            (_TORCHVISION + r"mlp\.(?:3|linear_2)\.(.+)", r"blocks.\1.mlp.fc2.\2"),
            (r"encoder\.ln\.(.+)", r"norm.\1"),
        ),
    ),
    Spelling(
        "transformers",
        "embeddings.patch_embeddings.projection.weight",
        _by_patterns(
            *_VIT_START,
            *_ATTENTION,
            (_LAYER + r"layernorm_before\.(.+)", r"blocks.\1.norm1.\2"),
            (_LAYER + r"layernorm_after\.(.+)", r"blocks.\1.norm2.\2"),
            (_LAYER + r"intermediate\.dense\.(.+)", r"blocks.\1.mlp.fc1.\2"),
            (_LAYER + r"output\.dense\.(.+)", r"blocks.\1.mlp.fc2.\2"),
            (_LAYER + r"(norm[12]|mlp\.fc[12])\.(.+)", r"blocks.\1.\2.\3"),
            (_LAYER + r"layer_scale([12])\.lambda1", r"blocks.\1.ls\2.gamma"),
        ),
    ),
)
"""The spellings that are recognised."""
