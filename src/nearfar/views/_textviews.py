"""Random views of texts as batched operations on token IDs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, final

import torch
from jaxtyping import Bool, Float, Int64
from torch import Tensor

from nearfar.checks import check_fraction, check_integer
from nearfar.inputs import Texts, Tokens
from nearfar.ops._random import uniform
from nearfar.records import Remedy
from nearfar.views._loose_inputs import settled_draws
from nearfar.views._tokenizer import Tokenizer
from nearfar.views._weaker import larger_crops, weaker

__all__ = ["TextViews"]

CROP = 4  # number of random numbers before those of the words; the crop uses two of them


@final
class TextViews:
    """Random span, erasure and replacement of words per text; at least one word is kept.

    Applied in this order: a contiguous span of the text, erasure or masking of words, and
    replacement by other words of the vocabulary. Every draw is a pure function of (seed, epoch,
    sample, view): it does not depend on the batch or the device. With none of the three, views
    differ only by the encoder's dropout (see :attr:`notes`).

    Args:
        tokenizer: Maps texts to token IDs.
        num_views: Number of views per text.
        erase: Probability of erasing a word.
        mask: Replace erased words by the mask token instead of removing them.
        replace: Probability of replacing a remaining word by a word of the vocabulary, sampled by
            frequency.
        crop: Range of the length of the span, as a fraction of the words; (1, 1) is the whole text.
        frequencies: Frequency of each token ID, for `replace`; uniform by default.

    Raises:
        ValueError: A probability or range that is out of range, or a tokenizer without a mask
            token.

    Reference:
        Nozawa & Sato: Understanding Negative Samples (NeurIPS 2021), section 5, for erasure and
        replacement; Gao, Yao, Chen: SimCSE (EMNLP 2021) for dropout as the only change.

    Example:
        >>> texts = ["one two three four five six", "seven"]
        >>> tokenizer = Tokenizer.fit(texts, min_frequency=1)
        >>> views = TextViews(tokenizer, erase=0.5)
        >>> first, second = views(texts, torch.arange(2), seed=0, epoch=0)
        >>> tokenizer.decode(first)
        ['one two four five', 'seven']
    """

    def __init__(
        self,
        tokenizer: Tokenizer,
        *,
        num_views: int = 2,
        erase: float = 0.2,
        mask: bool = False,
        replace: float = 0.0,
        crop: tuple[float, float] = (1.0, 1.0),
        frequencies: Int64[Tensor, " vocabulary"] | None = None,
    ) -> None:
        check_integer(at_least=1, num_views=num_views)
        check_fraction(erase=erase, replace=replace)
        if not (len(crop) == 2 and 0 < crop[0] <= crop[1] <= 1):
            raise ValueError(
                f"`crop` must be two fractions above 0 and up to 1, the smaller first, got {crop!r}"
            )
        if mask and tokenizer.mask is None:
            raise ValueError("`mask` needs a tokenizer with a mask token, this has none")
        self.num_views, self.erase, self.mask = num_views, erase, mask
        self.replace, self.crop = replace, crop
        self._tokenizer = tokenizer
        self._special = torch.tensor(tokenizer.special, dtype=torch.int64)
        self._ladder = self._cumulate(frequencies) if replace else None

    def __repr__(self) -> str:
        return f"TextViews({', '.join(f'{k}={v!r}' for k, v in self.settings().items())})"

    def settings(self) -> dict[str, Any]:
        """The configuration, as arguments of the constructor, without the tokenizer."""
        return {name: value for name, value in vars(self).items() if name[0] != "_"}

    @property
    def notes(self) -> tuple[str, ...]:
        """A note, if views differ only by dropout."""
        if self.erase or self.replace or self.crop != (1.0, 1.0):
            return ()
        return ("views differ only by the encoder's dropout",)

    @torch.no_grad()
    def __call__(
        self,
        texts: Texts | Tokens | Sequence[str],
        samples: Int64[Tensor, " batch"] | None = None,
        *,
        seed: int | None = None,
        epoch: int | None = None,
    ) -> tuple[Tokens, ...]:
        """The views of a batch.

        Args:
            texts: Texts, or their token IDs.
            samples: Indices of the samples in their dataset. Without `samples`, `seed` and `epoch`
                each call is a new draw from PyTorch's global generator.
            seed: Random seed of the run.
            epoch: Epoch, from 0.

        Raises:
            ValueError: A number of indices other than the number of texts.
        """
        tokens = self.plain(texts)
        samples, seed, epoch = settled_draws(len(tokens), samples, seed=seed, epoch=epoch)
        count, length = tokens.ids.shape
        repeats = 2 if self.replace else 1
        which = torch.arange(self.num_views).repeat_interleave(count)
        drawn = uniform(
            samples.to(tokens.ids.device).repeat(self.num_views),
            seed=seed,
            epoch=epoch,
            view=which,
            count=CROP + repeats * length,
        )
        several = Tokens(
            tokens.ids.repeat(self.num_views, 1), tokens.lengths.repeat(self.num_views)
        )
        changed = self._change(
            several, drawn[:, :CROP], drawn[:, CROP:].reshape(len(drawn), length, repeats)
        )
        return tuple(
            _trim(changed.select(slice(v * count, (v + 1) * count))) for v in range(self.num_views)
        )

    def plain(self, texts: Texts | Tokens | Sequence[str]) -> Tokens:
        """The deterministic view for embedding: the whole text."""
        return texts if isinstance(texts, Tokens) else self._tokenizer.encode(texts)

    def _change(
        self,
        tokens: Tokens,
        span: Float[Tensor, "rows 4"],
        draws: Float[Tensor, "rows length draws"],
    ) -> Tokens:
        ids, mask = tokens.ids, tokens.mask()
        words = mask & ~torch.isin(ids, self._special.to(ids.device))
        kept = words & _span(words, span, self.crop) if self.crop != (1.0, 1.0) else words
        fate = draws[..., 0]
        # the word with the largest draw is never erased, so that a view is never empty
        last = torch.zeros_like(words).scatter_(
            1, torch.where(kept, fate, -1.0).argmax(1, keepdim=True), True
        )
        erased = kept & (fate < self.erase) & ~last
        if self._ladder is not None:
            rest = self.erase + (1 - self.erase) * self.replace
            replaced = kept & ~erased & (fate < rest) & ~last
            ladder = self._ladder.to(ids.device)
            chosen = torch.searchsorted(ladder, draws[..., 1].double().contiguous(), right=True)
            ids = torch.where(replaced, chosen.clamp(max=len(ladder) - 1), ids)
        if self.mask:
            assert self._tokenizer.mask is not None
            ids = torch.where(erased, self._tokenizer.mask, ids)
        else:
            kept = kept & ~erased
        return _pack(ids, kept | (mask & ~words))

    def _cumulate(self, frequencies: Tensor | None) -> Float[Tensor, " vocabulary"]:
        """Cumulative probability of each token ID; 0 for special tokens."""
        size = self._tokenizer.vocabulary
        weights = torch.ones(size, dtype=torch.int64) if frequencies is None else frequencies
        if weights.shape != (size,) or bool((weights < 0).any()):
            raise ValueError(
                f"`frequencies` must be {size} counts, one per token ID of the vocabulary,"
                f" got shape {tuple(weights.shape)}"
            )
        shares = weights.double()
        shares[[0, self._tokenizer.unknown, *self._tokenizer.special]] = 0
        if self._tokenizer.mask is not None:
            shares[self._tokenizer.mask] = 0
        if not bool(shares.sum() > 0):
            raise ValueError("`frequencies` must count at least one word, got zeros")
        return (shares / shares.sum()).cumsum(0)

    def remedies(self) -> tuple[Remedy, ...]:
        """Weaker augmentation."""
        return (
            *weaker("erase", self.erase, what="the erasing of words", least=0.05),
            *weaker("replace", self.replace, what="the replacing of words", least=0.02),
            *larger_crops("crop", self.crop, most=0.8),
        )


def _span(
    words: Bool[Tensor, "rows length"],
    draws: Float[Tensor, "rows 4"],
    shares: tuple[float, float],
) -> Bool[Tensor, "rows length"]:
    """A contiguous span of the words, with uniformly drawn length and start."""
    count = words.sum(1)
    share = shares[0] + (shares[1] - shares[0]) * draws[:, 0]
    size = (share * count).round().long().clamp(min=1)
    start = (draws[:, 1] * (count - size + 1)).long()
    place = words.cumsum(1) - 1
    return (place >= start[:, None]) & (place < (start + size)[:, None])


def _pack(ids: Int64[Tensor, "rows length"], kept: Bool[Tensor, "rows length"]) -> Tokens:
    """Move the kept tokens to the front, followed by padding."""
    order = torch.argsort(~kept, dim=1, stable=True)
    lengths = kept.sum(1)
    packed = ids.gather(1, order)
    places = torch.arange(ids.shape[1], device=ids.device)
    return Tokens(packed.masked_fill(places >= lengths[:, None], 0), lengths)


def _trim(tokens: Tokens) -> Tokens:
    """Remove columns that are padding in every row."""
    return Tokens(tokens.ids[:, : int(tokens.lengths.max())], tokens.lengths)
