"""The parts methods are made of: encoders, heads, critic, momentum copy, queue."""

from nearfar.modules.convnet import ConvNet
from nearfar.modules.critic import BilinearCritic
from nearfar.modules.encoders import EncoderDescription, build_encoder
from nearfar.modules.heads import PerceptronHead
from nearfar.modules.key_queue import KeyQueue
from nearfar.modules.momentum_copy import MomentumCopy

__all__ = [
    "BilinearCritic",
    "ConvNet",
    "EncoderDescription",
    "KeyQueue",
    "MomentumCopy",
    "PerceptronHead",
    "build_encoder",
]
