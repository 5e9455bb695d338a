"""Map texts to token IDs, and back."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import cached_property
from itertools import islice
from typing import Any, Self, final

import numpy as np
import torch
from numpy.typing import NDArray

from nearfar.checks import check_integer
from nearfar.inputs import Texts, Tokens
from nearfar.views._scripts import UNSPACED

__all__ = ["Tokenizer"]

PADDING, UNKNOWN, MASK = "[PAD]", "[UNK]", "[MASK]"  # IDs 0, 1, 2 of our own vocabularies
AT_ONCE = 10_000
REMEMBERED = 1 << 24  # largest number of cached tokens


@final
@dataclass(frozen=True)
class Tokenizer:
    """A vocabulary and the rules that split texts into its words, as plain JSON values.

    Attributes:
        definition: JSON definition of the `tokenizers` library.
        vocabulary: Number of token IDs including padding: 0 to ``vocabulary - 1``.
        words: Number of tokens after which texts are truncated.
        shift: Offset added to the library's IDs, so that 0 is only padding.
        unknown: ID of the unknown token.
        mask: ID of the mask token; None if there is none.
        special: IDs of special tokens, such as a transformer's start and end tokens.

    Example:
        >>> tokenizer = Tokenizer.fit(["An apple!", "an orange"], min_frequency=1)
        >>> tokens = tokenizer.encode(["an apple", "One apple"])
        >>> tokens.ids.tolist(), tokenizer.decode(tokens)
        ([[3, 5], [1, 5]], ['an apple', '[UNK] apple'])
    """

    definition: str = field(repr=False)
    vocabulary: int
    words: int = 256
    shift: int = 0
    unknown: int = 1
    mask: int | None = None
    special: tuple[int, ...] = ()

    @classmethod
    def fit(
        cls,
        texts: Iterable[str],
        *,
        vocabulary: int = 30_000,
        min_frequency: int = 5,
        words: int = 256,
        characters: bool = False,
    ) -> Self:
        """Build a vocabulary from the words of these texts, the most frequent first.

        Texts are normalised to Unicode NFKC and lower case. Words are runs of letters and digits,
        and runs of all other characters except whitespace. With `characters`, each character of a
        script without spaces between words is a token of its own, with its vowel signs and tone
        marks.

        Args:
            texts: Texts in which words are counted.
            vocabulary: Largest number of token IDs, including padding, unknown and mask token.
            min_frequency: Minimum frequency of words; rarer words are mapped to the unknown token.
            words: Number of tokens after which texts are truncated.
            characters: Whether characters of Chinese, Japanese, Thai, Lao, Khmer, Burmese and
                Tibetan are tokens.
        """
        check_integer(at_least=4, vocabulary=vocabulary)
        check_integer(at_least=1, min_frequency=min_frequency, words=words)
        tokenizers = _library()
        normalizer = tokenizers.normalizers.Sequence(
            [tokenizers.normalizers.NFKC(), tokenizers.normalizers.Lowercase()]
        )
        splitter = tokenizers.pre_tokenizers.Whitespace()
        if characters:
            single = tokenizers.Regex(f"[{UNSPACED}]\\p{{M}}*")
            alone = tokenizers.pre_tokenizers.Split(single, behavior="isolated")
            splitter = tokenizers.pre_tokenizers.Sequence([alone, splitter])
        counts: Counter[str] = Counter()
        for text in texts:
            pieces = splitter.pre_tokenize_str(normalizer.normalize_str(text))
            counts.update(piece for piece, _ in pieces)
        frequent = sorted((-n, word) for word, n in counts.items() if n >= min_frequency)
        known = [PADDING, UNKNOWN, MASK, *(word for _, word in frequent[: vocabulary - 3])]
        model = tokenizers.models.WordLevel(
            {word: number for number, word in enumerate(known)}, unk_token=UNKNOWN
        )
        built = tokenizers.Tokenizer(model)
        built.normalizer, built.pre_tokenizer = normalizer, splitter
        return cls(definition=built.to_str(), vocabulary=len(known), words=words, mask=2)

    @classmethod
    def of_transformer(cls, name: str, *, words: int = 256) -> Self:
        """Load the tokenizer of a transformer.

        Args:
            name: Name on the Hugging Face hub, or a folder.
            words: Number of tokens after which texts are truncated, including special tokens.

        Raises:
            ImportError: The `transformers` library is not installed.
            ValueError: The transformer has no tokenizer that the `tokenizers` library supports.
        """
        try:
            from transformers import AutoTokenizer
        except ImportError:
            raise ImportError(
                "transformers need the transformers library: pip install 'nearfar[text]'"
            ) from None
        try:
            found = AutoTokenizer.from_pretrained(name)
        except (OSError, ValueError) as error:
            first = str(error).strip().splitlines()[0]
            raise ValueError(f"{name} has no tokenizer: {first}") from None
        if not getattr(found, "is_fast", False):
            raise ValueError(f"{name} has no fast tokenizer, which nearfar needs")
        library = found.backend_tokenizer
        library.no_padding()
        library.no_truncation()
        kept = {found.unk_token_id, found.mask_token_id}
        return cls(
            definition=library.to_str(),
            vocabulary=library.get_vocab_size() + 1,
            words=words,
            shift=1,
            unknown=(found.unk_token_id or 0) + 1,
            mask=None if found.mask_token_id is None else found.mask_token_id + 1,
            special=tuple(sorted(i + 1 for i in set(found.all_special_ids) - kept)),
        )

    @classmethod
    def of_form(cls, form: Mapping[str, Any]) -> Self:
        """Construct a tokenizer from the values of :meth:`form`; further values are ignored."""
        own = {name: form[name] for name in cls.__dataclass_fields__}
        return cls(**own | {"special": tuple(form["special"])})

    def form(self) -> dict[str, Any]:
        """The tokenizer as plain JSON values."""
        return asdict(self) | {"special": list(self.special)}

    def encode(self, texts: Texts | Sequence[str]) -> Tokens:
        """Token IDs of each text; a text without words is one unknown token."""
        strings = texts.strings if isinstance(texts, Texts) else tuple(texts)
        known = self._remembered
        missing = list({text for text in strings if text not in known})
        fresh: dict[str, NDArray[np.int64]] = {}
        for start in range(0, len(missing), AT_ONCE):
            part = missing[start : start + AT_ONCE]
            for text, found in zip(part, self._library.encode_batch_fast(part), strict=True):
                numbers = np.asarray(found.ids, np.int64) + self.shift
                fresh[text] = numbers if len(numbers) else np.array([self.unknown])
        rows = [known[text] if text in known else fresh[text] for text in strings]
        if len(known) * 64 < REMEMBERED:
            known.update(fresh)
        lengths = np.fromiter(map(len, rows), np.int64, len(rows))
        ids = np.zeros((len(rows), int(lengths.max(initial=1))), np.int64)
        if rows:
            ids[np.arange(ids.shape[1]) < lengths[:, None]] = np.concatenate(rows)
        return Tokens(torch.from_numpy(ids), torch.from_numpy(lengths))

    def decode(self, tokens: Tokens) -> list[str]:
        """The words of each text, without special tokens."""
        special = set(self.special)
        rows = zip(tokens.ids.tolist(), tokens.lengths.tolist(), strict=True)
        kept = [
            [number - self.shift for number in row[:length] if number not in special]
            for row, length in rows
        ]
        decoded: list[str] = self._library.decode_batch(kept, skip_special_tokens=False)
        return decoded

    @cached_property
    def characters(self) -> bool:
        """Whether characters of scripts without spaces are tokens."""
        splitter = json.loads(self.definition).get("pre_tokenizer") or {}
        return UNSPACED in json.dumps(splitter, ensure_ascii=False)

    def split(self, text: str) -> list[str]:
        """The words of a text, in or outside of the vocabulary."""
        library = self._library
        bare = library.normalizer.normalize_str(text) if library.normalizer else text
        return [piece for piece, _ in library.pre_tokenizer.pre_tokenize_str(bare)]

    def counts(self, texts: Iterable[str]) -> torch.Tensor:
        """Number of occurrences of each token ID in texts."""
        total = torch.zeros(self.vocabulary, dtype=torch.int64)
        remaining = iter(texts)
        while part := list(islice(remaining, AT_ONCE)):
            tokens = self.encode(part)
            total += torch.bincount(tokens.ids[tokens.mask()], minlength=self.vocabulary)
        return total

    @cached_property
    def _library(self) -> Any:
        library = _library().Tokenizer.from_str(self.definition)
        library.enable_truncation(self.words)
        return library

    @cached_property
    def _remembered(self) -> dict[str, NDArray[np.int64]]:
        """Cached token IDs of texts, as every epoch has the same ones."""
        return {}

    def __getstate__(self) -> dict[str, Any]:
        return self.form() | {"special": self.special}


def _library() -> Any:
    try:
        import tokenizers
    except ImportError:
        raise ImportError(
            "texts need the tokenizers library: pip install 'nearfar[text]'"
        ) from None
    return tokenizers
