"""Texts."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar, Literal, final

import torch
from jaxtyping import Float
from torch import Tensor, nn

from nearfar.checks import require
from nearfar.data import Source
from nearfar.data._files import counted
from nearfar.data.text import TEXT
from nearfar.inputs import Texts, Tokens, View
from nearfar.modalities._form import Form
from nearfar.modalities._modality import Modality, OnnxCall, small_batch
from nearfar.modules import (
    EncoderDescription,
    TransformerEncoder,
    build_text_encoder,
    rebuild_text_encoder,
)
from nearfar.records import Exhibit
from nearfar.views import PlainViews, TextViews, Tokenizer, ViewRecipe, Views
from nearfar.views._scripts import count_unspaced, unspaced_share, without_unspaced

__all__ = ["TextForm", "TextModality", "TextOptions"]

_RAW_DIMENSIONS = 256
_RAW_TERMS = 20_000
_AT_ONCE = 4_096
_UNSPACED = 0.05  # share of the letters in scripts without spaces
_TOKEN = re.compile(r"\w+|[^\w\s]+")
_OWN = ("bag", "gru")


@dataclass(frozen=True, kw_only=True)
class TextForm(Form):
    """Specification of the inputs of an encoder of texts: a :class:`nearfar.views.Tokenizer`.

    The fields are those of the tokenizer, with the same meaning and defaults.
    """

    definition: str
    vocabulary: int
    words: int = 256
    shift: int = 0
    unknown: int = 1
    mask: int | None = None
    special: tuple[int, ...] = ()

    def tokenizer(self) -> Tokenizer:
        """The tokenizer that maps texts to token IDs."""
        return Tokenizer(**vars(self))


@dataclass(frozen=True, kw_only=True)
class TextOptions:
    """Options of texts and their encoder.

    Args:
        column: Column of the texts in a table; by default ``text``, or the only or by far the
            longest column of texts.
        encoding: Encoding of a text file; by default determined from its bytes.
        delimiter: Character between the cells of a line (``tab``, ``;``); by default determined
            from the content.
        header: Whether the first row of a table has the columns' names; by default determined from
            the content.
        where: Conditions on the rows of a table: ``split=train``.
        words: Number of words after which texts are truncated; characters if those are the tokens.
        tokens: Tokens of bag and gru: ``words``, or ``characters`` of scripts without spaces
            between words (Chinese, Japanese, Thai, Lao, Khmer, Burmese, Tibetan); by default
            ``characters`` if these scripts have at least 5 % of the letters.
        vocabulary: Largest size of the vocabulary that bag and gru learn from the texts.
        min_frequency: Minimum frequency of words in the vocabulary; rarer words are mapped to the
            unknown token. By default 5 from 10,000 texts, 2 from 500 texts, and 1 below.
        units: Dimension of the representation of bag (50 by default) and gru (256 by default).
        dropout: Dropout probability in the encoder; by default 0 for bag and gru, and that of its
            configuration for a transformer.
        pretrained: Load a transformer's pretrained weights; otherwise they are randomly
            initialised.
    """

    column: str | None = None
    encoding: str | None = None
    delimiter: str | None = None
    header: bool | None = None
    where: tuple[str, ...] | Mapping[str, str] | str = ()
    words: int = 256
    tokens: Literal["words", "characters"] | None = None
    vocabulary: int = 30_000
    min_frequency: int | None = None
    units: int | None = None
    dropout: float | None = None
    pretrained: bool = True


def _cut(source: Source, options: TextOptions) -> tuple[str, ...]:
    """A note on texts with more tokens than are read; a run of marks is a token, too."""
    single = options.tokens == "characters"
    long = 0
    for text in strings(source):
        if len(text) > options.words:
            spaced = without_unspaced(text) if single else text
            count = len(_TOKEN.findall(spaced)) + (count_unspaced(text) if single else 0)
            long += count > options.words
    if not long:
        return ()
    noun = "characters" if single else "words and punctuation marks"
    return (
        f"{counted(long, 'text')} truncated to the first {options.words} {noun}: `words` sets the"
        " limit",
    )


@final
class TextModality(Modality[TextForm, TextOptions]):
    """Texts of any length and language."""

    data: ClassVar = TEXT
    form_type: ClassVar = TextForm
    inputs: ClassVar = (Texts,)
    example: ClassVar = "sentences.txt"
    options: ClassVar = TextOptions
    settings: ClassVar = TextViews
    encoder: ClassVar = "bag"
    recognizable = True
    encoders: ClassVar = "bag, gru, or a transformer from the Hugging Face hub or a folder"

    def decide(self, source: Source, options: TextOptions) -> tuple[TextOptions, tuple[str, ...]]:
        """The column, and whether characters of scripts without spaces are tokens."""
        column = options.column or getattr(source.root, "column", None)
        options = replace(options, column=column)
        if options.tokens is not None:
            return options, _cut(source, options)
        found = unspaced_share(strings(source))
        if found.share < _UNSPACED:
            return options, _cut(source, options)
        options = replace(options, tokens="characters")
        notes = (
            f"{found.share:.0%} of the letters are {', '.join(found.scripts)}, written without"
            " spaces: each of their characters is a token; `tokens`='words' splits at spaces only",
        )
        return options, (*notes, *_cut(source, options))

    def rungs(self, source: Source, options: TextOptions) -> tuple[Mapping[str, Any], ...]:
        return tuple({"words": words} for words in (128, 64, 32) if words < options.words)

    def form(self, source: Source, options: TextOptions, *, seed: int) -> TextForm:
        tokens = options.tokens
        if tokens is None and unspaced_share(strings(source)).share >= _UNSPACED:
            tokens = "characters"
        tokenizer = Tokenizer.fit(
            strings(source),
            characters=tokens == "characters",
            vocabulary=options.vocabulary,
            min_frequency=_min_frequency(options, len(source)),
            words=options.words,
        )
        return TextForm.of_values(tokenizer.form())

    def build_encoder(
        self, name: str, form: TextForm, options: TextOptions
    ) -> tuple[nn.Module, EncoderDescription[TextForm]]:
        own = form
        if name not in _OWN and has_tokenizer(name):
            tokenizer = Tokenizer.of_transformer(name, words=options.words)
            own = TextForm.of_values(tokenizer.form())
        module, description = build_text_encoder(
            name,
            vocabulary=own.vocabulary,
            width=options.units,
            dropout=options.dropout,
            shift=own.shift,
            pretrained=options.pretrained,
        )
        longest = module.longest if isinstance(module, TransformerEncoder) else None
        own = replace(own, words=min(own.words, longest or own.words))
        return module, description.with_form(own)

    def rebuild(self, description: EncoderDescription[TextForm]) -> nn.Module:
        return rebuild_text_encoder(description)

    def views(
        self,
        recipe: ViewRecipe,
        form: TextForm,
        *,
        source: Source,
        options: TextOptions,
        settings: Mapping[str, Any],
    ) -> Views:
        tokenizer = form.tokenizer()
        chosen = {**recipe.settings, **settings}
        if chosen.get("replace"):
            chosen = {"frequencies": tokenizer.counts(strings(source))} | chosen
        return (recipe.make or TextViews)(tokenizer, **chosen)

    def half_views(
        self, form: TextForm, *, source: Source, options: TextOptions, settings: Mapping[str, Any]
    ) -> Views:
        """Unchanged texts, unless settings are given."""
        if not settings:
            return PlainViews(self.plain(form))
        return super().half_views(form, source=source, options=options, settings=settings)

    def two_views(self, form: TextForm) -> Views:
        return TextViews(form.tokenizer())

    def plain(self, form: TextForm) -> Views:
        return TextViews(form.tokenizer())

    def raw(self, source: Source, form: TextForm) -> tuple[str, Float[Tensor, "samples features"]]:
        from sklearn.decomposition import TruncatedSVD
        from sklearn.feature_extraction.text import TfidfVectorizer

        tokenizer = form.tokenizer()
        words = tokenizer.split if tokenizer.characters else "word"
        bag = TfidfVectorizer(max_features=_RAW_TERMS, sublinear_tf=True, analyzer=words)
        try:
            bags = bag.fit_transform(strings(source))
        except ValueError:  # no text has a word of two letters
            bag.set_params(token_pattern=r"(?u)\S+")
            bags = bag.fit_transform(strings(source))
        if bags.shape[1] <= _RAW_DIMENSIONS:
            return "bag of words (tf-idf)", torch.from_numpy(bags.toarray()).float()
        dims = min(_RAW_DIMENSIONS, bags.shape[0] - 1)
        reduced = TruncatedSVD(dims, random_state=0).fit_transform(bags)
        return f"bag of words (tf-idf, SVD {dims})", torch.from_numpy(reduced).float()

    def show(self, view: View, form: TextForm) -> list[Exhibit]:
        tokenizer = form.tokenizer()
        tokens = tokenizer.encode(view) if isinstance(view, Texts) else view
        words = tokenizer.decode(require(Tokens, view=tokens))
        return [Exhibit(text=text) for text in words]

    def onnx(self, encoder: nn.Module, form: TextForm) -> OnnxCall:
        ids = torch.tensor([[4, 5, 6], [4, 5, 0]]).clamp(max=form.vocabulary - 1)
        return OnnxCall(
            OnTokens(encoder),
            (ids, torch.tensor([3, 2])),
            ("ids", "lengths"),
            ({0: "batch", 1: "length"}, {0: "batch"}),
        )

    def signal_dim(self, form: TextForm) -> int:
        return int(form.vocabulary)

    def opening(self, form: TextForm) -> dict[str, Any]:
        return {"words": form.words}

    def shown(self, form: TextForm) -> str:
        return f"with a vocabulary of {form.vocabulary:,}"

    def training(
        self, *, samples: int, batch_size: int | None = None, updates: int | None = None
    ) -> dict[str, Any]:
        # small datasets still have several updates per epoch, large ones need few epochs
        batch = small_batch(samples, most=batch_size or 256, updates=8)
        epochs = 100 if samples < 5_000 else 30 if samples < 100_000 else 5
        return {"batch_size": batch, "epochs": epochs}

    def check(self, source: Source, form: TextForm) -> None:
        # any text is valid; one in another language becomes unknown tokens
        return


class OnTokens(nn.Module):
    """An encoder of texts as a function of two tensors."""

    def __init__(self, encoder: nn.Module) -> None:
        super().__init__()
        self.encoder = encoder

    def forward(self, ids: Tensor, lengths: Tensor) -> Tensor:
        """Representations of texts given as token IDs."""
        out: Tensor = self.encoder(Tokens(ids, lengths))
        return out


def strings(source: Source) -> Iterator[str]:
    """Iterate over the texts of a source, read in chunks."""
    for batch in source.chunks(_AT_ONCE):
        yield from require(Texts, inputs=batch.inputs).strings


def has_tokenizer(name: str) -> bool:
    """Whether a transformer has a tokenizer: true on the hub, not always in a folder."""
    folder = Path(name)
    return not folder.is_dir() or any(
        (folder / file).exists()
        for file in ("tokenizer.json", "vocab.txt", "tokenizer_config.json")
    )


def _min_frequency(options: TextOptions, samples: int) -> int:
    if options.min_frequency is not None:
        return options.min_frequency
    return 5 if samples >= 10_000 else 2 if samples >= 500 else 1
