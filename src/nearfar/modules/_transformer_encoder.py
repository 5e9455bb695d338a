"""Text encoders from the transformers library."""

from __future__ import annotations

from typing import Any, final

import torch
from jaxtyping import Float
from torch import Tensor, nn

from nearfar.checks import UnknownChoiceError
from nearfar.inputs import Tokens

__all__ = ["TransformerEncoder"]


@final
class TransformerEncoder(nn.Module):
    """A transformer with mean pooling of the last hidden states over a text's tokens.

    Args:
        model: Takes ``input_ids`` and ``attention_mask`` and returns ``last_hidden_state``.
        shift: Offset of the token ids relative to the model's; see
            :class:`nearfar.views.Tokenizer`.

    Shape:
        :class:`Tokens` of ``batch`` texts → ``[batch, width]``.
    """

    def __init__(self, model: Any, *, shift: int = 0) -> None:
        super().__init__()
        self.model: nn.Module = model
        self.shift = shift
        self.num_features = int(model.config.hidden_size)
        self._padding = int(getattr(model.config, "pad_token_id", None) or 0)

    @classmethod
    def load(
        cls,
        name: str,
        *,
        vocabulary: int | None = None,
        shift: int = 0,
        dropout: float | None = None,
        pretrained: bool = True,
    ) -> TransformerEncoder:
        """A transformer by name, with pretrained weights if available.

        Args:
            name: Name on the Hugging Face hub, or a folder with at least ``config.json``.
            vocabulary: Size of a vocabulary other than the model's; weights are then initialised
                randomly.
            shift: As for the class.
            dropout: Dropout probability; by default that of the configuration.
            pretrained: Whether to load pretrained weights. A folder without weights is initialised
                randomly.

        Raises:
            ImportError: The transformers library is not installed.
            ValueError: There is no such model.
        """
        config_of, _ = _library()
        try:
            config = config_of.from_pretrained(name)
        except (OSError, ValueError) as error:
            first = str(error).strip().splitlines()[0]
            raise UnknownChoiceError(
                "encoder",
                "must be bag, gru, or a transformer by its name on the Hugging Face hub"
                f" or its folder, got {name!r}: {first}",
            ) from None
        settings: dict[str, Any] = config.to_dict()
        if dropout is not None:
            settings |= {key: dropout for key in _DROPOUTS if key in settings}
        if vocabulary is not None:
            settings |= {"vocab_size": vocabulary, "pad_token_id": 0}
        if not pretrained or vocabulary is not None:
            return cls.of_settings(settings, shift=shift)
        return cls._with_weights(name, settings, shift=shift)

    @classmethod
    def of_settings(cls, settings: dict[str, Any], *, shift: int = 0) -> TransformerEncoder:
        """A transformer with randomly initialised weights.

        Args:
            settings: A transformers configuration, including ``model_type``.
            shift: As for the class.
        """
        config_of, model_of = _library()
        others = {key: value for key, value in settings.items() if key != "model_type"}
        config = config_of.for_model(settings["model_type"], **others)
        return cls(model_of.from_config(config), shift=shift)

    def settings(self) -> dict[str, Any]:
        """The configuration, from which :meth:`of_settings` builds the same model."""
        config: Any = self.model.config
        specified: dict[str, Any] = {k: v for k, v in config.to_dict().items() if v is not None}
        specified.pop("transformers_version", None)
        specified.pop("_name_or_path", None)
        return specified

    @property
    def longest(self) -> int | None:
        """Maximum number of tokens; None if the model has no limit."""
        config: Any = self.model.config
        places = getattr(config, "max_position_embeddings", None)
        return None if places is None else max(1, int(places) - 2)  # some positions start at 2

    def forward(self, tokens: Tokens) -> Float[Tensor, "batch width"]:
        """Encode texts."""
        mask = tokens.mask()
        ids = torch.where(mask, tokens.ids - self.shift, self._padding)
        out = self.model(input_ids=ids, attention_mask=mask.long())
        states: Tensor = out.last_hidden_state
        weights = mask[..., None].to(states.dtype)
        return (states * weights).sum(1) / weights.sum(1)

    @classmethod
    def _with_weights(
        cls, name: str, settings: dict[str, Any], *, shift: int
    ) -> TransformerEncoder:
        _, model_of = _library()
        fresh = cls.of_settings(settings, shift=shift)
        try:
            loaded = model_of.from_pretrained(name, config=fresh.model.config)
        except OSError:  # a folder without weights
            return fresh
        return cls(loaded, shift=shift)


_DROPOUTS = (
    *("hidden_dropout_prob", "attention_probs_dropout_prob"),  # BERT and similar models
    *("dropout", "attention_dropout", "embedding_dropout", "mlp_dropout"),
)


def _library() -> tuple[Any, Any]:
    try:
        from transformers import AutoConfig, AutoModel
    except ImportError:
        raise ImportError(
            "transformer encoders need the transformers library: pip install 'nearfar[text]'"
        ) from None
    return AutoConfig, AutoModel
