"""The parts methods are made of: encoders, heads, critic, momentum copy, queue."""

from nearfar.modules.amdim_encoder import AMDIM_SIZES, AMDIMEncoder
from nearfar.modules.bias import Bias
from nearfar.modules.convnet import ConvNet
from nearfar.modules.critic import BilinearCritic
from nearfar.modules.description import EncoderDescription
from nearfar.modules.dot_critic import DotCritic
from nearfar.modules.embedding_head import EmbeddingHead
from nearfar.modules.encoders import build_encoder
from nearfar.modules.feature_maps import MapEncoder, feature_maps, map_channels
from nearfar.modules.graph_encoder import GRAPH_ENCODERS, GraphEncoder
from nearfar.modules.heads import PerceptronHead
from nearfar.modules.held import held
from nearfar.modules.key_queue import KeyQueue
from nearfar.modules.masked_context import MaskedContext
from nearfar.modules.memory_bank import MemoryBank
from nearfar.modules.momentum_copy import MomentumCopy
from nearfar.modules.perceptron_encoder import PerceptronEncoder
from nearfar.modules.places import choose_map, places
from nearfar.modules.siamese_heads import (
    PredictorKind,
    SiameseNorms,
    siamese_predictor,
    siamese_projector,
)
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
    "feature_maps",
    "held",
    "map_channels",
    "places",
    "rebuild_text_encoder",
    "series_strides",
    "siamese_predictor",
    "siamese_projector",
    "sound_strides",
]
