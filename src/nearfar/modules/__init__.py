"""Encoders, heads, critics, momentum copies, queues and memory banks."""

from typing import TYPE_CHECKING

from nearfar._deprecation import renamed_attributes
from nearfar.modules._amdim_encoder import AMDIM_SIZES, AMDIMEncoder
from nearfar.modules._convnet import ConvNet
from nearfar.modules._critics import BilinearCritic, DotCritic
from nearfar.modules._description import EncoderDescription
from nearfar.modules._embedding_head import EmbeddingHead
from nearfar.modules._encoders import build_encoder
from nearfar.modules._exportable import exportable
from nearfar.modules._feature_maps import MapEncoder, feature_maps, map_channels
from nearfar.modules._frozen_call import frozen_call
from nearfar.modules._graph_encoder import GRAPH_ENCODERS, GraphEncoder
from nearfar.modules._heads import PerceptronHead
from nearfar.modules._key_queue import KeyQueue
from nearfar.modules._masked_context import MaskedContext
from nearfar.modules._memory_bank import MemoryBank
from nearfar.modules._momentum_copy import MomentumCopy
from nearfar.modules._perceptron_encoder import PerceptronEncoder
from nearfar.modules._places import choose_map, places
from nearfar.modules._siamese_heads import (
    Bias,
    PredictorKind,
    SiameseNorms,
    siamese_predictor,
    siamese_projector,
)
from nearfar.modules._strided_encoder import (
    StepEncoder,
    StridedEncoder,
    series_strides,
    sound_strides,
)
from nearfar.modules._text_encoder_names import build_text_encoder, rebuild_text_encoder
from nearfar.modules._text_encoders import BagEncoder, GRUEncoder
from nearfar.modules._transformer_encoder import TransformerEncoder
from nearfar.modules._two_sided import TwoSided

__all__ = [
    "AMDIM_SIZES",
    "GRAPH_ENCODERS",
    "AMDIMEncoder",
    "BagEncoder",
    "Bias",
    "BilinearCritic",
    "ConvNet",
    "DotCritic",
    "EmbeddingHead",
    "EncoderDescription",
    "GRUEncoder",
    "GraphEncoder",
    "KeyQueue",
    "MapEncoder",
    "MaskedContext",
    "MemoryBank",
    "MomentumCopy",
    "PerceptronEncoder",
    "PerceptronHead",
    "PredictorKind",
    "SiameseNorms",
    "StepEncoder",
    "StridedEncoder",
    "TransformerEncoder",
    "TwoSided",
    "build_encoder",
    "build_text_encoder",
    "choose_map",
    "exportable",
    "feature_maps",
    "frozen_call",
    "map_channels",
    "places",
    "rebuild_text_encoder",
    "series_strides",
    "siamese_predictor",
    "siamese_projector",
    "sound_strides",
]

if not TYPE_CHECKING:  # names of 0.1, for one release
    __getattr__ = renamed_attributes(__name__, held="frozen_call")
