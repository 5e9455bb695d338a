"""Autoencoder: reconstruct the input from its representation.

Encoder and decoder are trained by gradient, and samples do not interact. The oldest self-supervised
method, included as a baseline. Rumelhart, Hinton, Williams, 1986.
"""

from __future__ import annotations

from typing import ClassVar, final

import torch
from torch import nn

from nearfar._verdict_names import COMPLETE, DIMENSIONAL, NOTHING
from nearfar.checks import check_integer
from nearfar.inputs import View, numbers
from nearfar.methods._facts import RunFacts
from nearfar.methods._method import Method, Projected, Step, encode
from nearfar.methods._preset import preset
from nearfar.methods._serves import ANY, Serves
from nearfar.modules import PerceptronHead
from nearfar.objectives import ForwardPredictiveLoss
from nearfar.parallel import gather
from nearfar.records import Remedy
from nearfar.records._remedy_record import raised
from nearfar.views import ViewRecipe, autoencoder_views

__all__ = ["Autoencoder", "autoencoder"]


@final
class Autoencoder(Method):
    """One view and the squared error of its reconstruction.

    Additional views are additional inputs; they are not compared with each other.

    The target is a vector (:func:`nearfar.inputs.numbers`): the pixels of an image (average-pooled
    to 32 × 32 if larger), the values of a series, the word counts of a text or the features of a
    node.

    Args:
        encoder: Inputs to representations.
        decoder: Representations to reconstructions, of dimension `signal_dim`.
        signal_dim: Dimension of the target.

    When to use:
        As a baseline, and if appearance matters more than content: denoising, compression,
        anomalies.

    Good to know:
        The representation encodes whatever has the largest variance: brightness, background,
        position. Classes that differ in small or textured parts are separated less well than by
        methods that compare views, and often less well than by raw pixels. A wide representation
        without noise can copy its input; random cropping and the pooling of the ConvNet prevent
        that here. It cannot collapse, but a decoder that outputs the mean has the total variance of
        the input as its loss.

    Reference:
        Rumelhart, Hinton, Williams: Learning internal representations by error propagation (1986);
        Hinton, Salakhutdinov: Reducing the dimensionality of data with neural networks, Science
        313 (2006).
    """

    paper: ClassVar = "Hinton & Salakhutdinov 2006, Science 313:504"
    sees: ClassVar = "one view"
    negatives: ClassVar = False
    momentum: ClassVar = False
    serves: ClassVar = {ANY: Serves(), "images": Serves(views=ViewRecipe(autoencoder_views))}
    positives: ClassVar = False
    objective: ForwardPredictiveLoss

    def __init__(self, encoder: nn.Module, decoder: nn.Module, *, signal_dim: int) -> None:
        super().__init__()
        self.encoder = encoder
        self.projector = nn.Identity()
        self.decoder = decoder
        self.signal_dim = signal_dim
        self.objective = ForwardPredictiveLoss()

    def project(self, views: tuple[View, ...]) -> Projected:
        """Encode and decode each view; the view itself is the target."""
        representations = encode(self.encoder, views)
        decoded = tuple(self.decoder(h) for h in representations)
        signals = tuple(numbers(view, count=self.signal_dim).to(decoded[0].dtype) for view in views)
        return representations, decoded, signals

    def compare(self, projected: Projected) -> Step:
        """The squared error, summed over dimensions."""
        representations, decoded, signals = projected
        pairs = zip(decoded, signals, strict=True)
        losses = [self.objective(gather(given), gather(signal)) for given, signal in pairs]
        loss = torch.stack(losses).mean()
        return Step(loss=loss, representations=representations, projections=representations)

    def chance(self, batch_size: int) -> float | None:
        """None: the chance level is the variance of the data, which is unknown here."""
        return None

    def remedies(self, facts: RunFacts) -> tuple[Remedy, ...]:
        """A wider decoder."""
        if not isinstance(self.decoder, PerceptronHead) or self.decoder.hidden is None:
            return ()
        wider = Remedy(
            option="hidden",
            now=self.decoder.hidden,
            to=raised(self.decoder.hidden, by=2, most=8192),
            why="use a wider decoder, which can reconstruct more",
            against=(COMPLETE, DIMENSIONAL, NOTHING),
        )
        return (wider,)


@preset(without=("signal_dim",))
def autoencoder(
    encoder: nn.Module, width: int, *, hidden: int | None = None, facts: RunFacts | None = None
) -> Autoencoder:
    """An autoencoder around any encoder, with a two-layer decoder.

    Args:
        hidden: Width of the decoder's hidden layer; twice that of the representation by default.
        facts: Facts about the run: the dimension of the target (``signal_dim``), which is required.

    Raises:
        ValueError: The dimension of the target is unknown.

    Example:
        >>> import torch
        >>> from nearfar.methods import RunFacts
        >>> from nearfar.modules import ConvNet
        >>> method = autoencoder(ConvNet(channels=1), 256, facts=RunFacts(signal_dim=16 * 16))
        >>> method((torch.rand(8, 1, 16, 16),)).representations[0].shape
        torch.Size([8, 256])
    """
    signal_dim = facts.signal_dim if facts and facts.signal_dim is not None else 0
    check_integer(at_least=1, signal_dim=signal_dim)
    decoder = PerceptronHead(width, hidden=hidden or 2 * width, outputs=signal_dim)
    return Autoencoder(encoder, decoder, signal_dim=signal_dim)
