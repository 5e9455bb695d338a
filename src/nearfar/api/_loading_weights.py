"""From a file of weights to an encoder."""

from __future__ import annotations

from pathlib import Path

from nearfar.api._finding_weights import find_weights
from nearfar.api._loaded_encoder import LoadedEncoder

__all__ = ["load_weights"]


def load_weights(
    what: str | Path,
    *,
    encoder: str | None = None,
    weights_key: str | None = None,
    preprocess: str | None = None,
    channels: int | None = None,
    image_size: int | None = None,
) -> LoadedEncoder:
    """An encoder of images with the weights of another library, or of a run.

    Files of ``torch.save`` are read without unpickling: whatever they name is neither imported nor
    called. The prefix of the encoder's keys and the spelling of its library are recognised, and its
    architecture by the shapes. Each key is accounted for: a weight that the encoder needs is in the
    file, or the call fails.

    Args:
        what: ``.safetensors``, or a file of ``torch.save`` (``.pt``, ``.pth``, ``.ckpt``,
            ``.bin``): a state dictionary, a checkpoint of a trainer such as Lightning's, or a whole
            module; a folder of Hugging Face or timm with a configuration and weights; or a run.
        encoder: Name of the encoder, as for :func:`nearfar.pretrain`; by default recognised.
        weights_key: Which encoder, if the file holds several: a part of its keys such as
            ``teacher``.
        preprocess: How images are prepared: ``imagenet`` (its mean and deviation), ``half`` (to
            −1..1) or ``none``; by default what the configuration of the weights says, or else
            ``imagenet``, with a note.
        channels: Channels of the images; the first layer is summed or repeated for others than
            those of the weights.
        image_size: Side of the images; position embeddings are interpolated for another one.

    Raises:
        FileNotFoundError: There is nothing at `what`.
        ValueError: A file that cannot be read, an encoder that is not recognised, or keys that do
            not fit; the message names them.

    Example:
        >>> import nearfar, tempfile, timm, torch
        >>> file = tempfile.mkdtemp() + "/checkpoint.pth"
        >>> resnet = timm.create_model("resnet18")
        >>> torch.save({"state_dict": resnet.state_dict()}, file)
        >>> loaded = nearfar.load_weights(file)
        >>> loaded.weights.encoder, loaded.loaded.dropped
        ('resnet18', ('state_dict.fc.bias', 'state_dict.fc.weight'))
    """
    found = find_weights(what, encoder=encoder, key=weights_key, preprocess=preprocess)
    if found.preparation is None:
        raise ValueError(f"`what` must be weights for images, got {what}: use nearfar.load")
    made = LoadedEncoder(found, channels=channels, image_size=image_size)
    _ = made.notes  # weights that do not fit are refused here
    return made
