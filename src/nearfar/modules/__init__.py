"""The parts methods are made of: encoders, heads, critic, momentum copy, queue."""

from nearfar.modules.convnet import ConvNet
from nearfar.modules.critic import BilinearCritic
from nearfar.modules.description import EncoderDescription
from nearfar.modules.encoders import build_encoder
from nearfar.modules.feature_maps import MapEncoder, feature_maps, map_channels
from nearfar.modules.graph_encoder import GRAPH_ENCODERS, GraphEncoder
from nearfar.modules.heads import PerceptronHead
from nearfar.modules.key_queue import KeyQueue
from nearfar.modules.momentum_copy import MomentumCopy
from nearfar.modules.perceptron_encoder import PerceptronEncoder
from nearfar.modules.strided_encoder import (
    StepEncoder,
    StridedEncoder,
    series_strides,
    sound_strides,
)
from nearfar.modules.text_encoders import BagEncoder, GRUEncoder
from nearfar.modules.texts import build_text_encoder, rebuild_text_encoder
from nearfar.modules.transformer_encoder import TransformerEncoder
from nearfar.modules.two_sided import TwoSided

__all__ = [
    "GRAPH_ENCODERS",
    "BagEncoder",
    "BilinearCritic",
    "ConvNet",
    "EncoderDescription",
    "GRUEncoder",
    "GraphEncoder",
    "KeyQueue",
    "MapEncoder",
    "MomentumCopy",
    "PerceptronEncoder",
    "PerceptronHead",
    "StepEncoder",
    "StridedEncoder",
    "TransformerEncoder",
    "TwoSided",
    "build_encoder",
    "build_text_encoder",
    "feature_maps",
    "map_channels",
    "rebuild_text_encoder",
    "series_strides",
    "sound_strides",
]
