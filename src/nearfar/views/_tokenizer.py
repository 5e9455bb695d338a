"""Texts as numbers of a vocabulary, and back."""

from __future__ import annotations

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

__all__ = ["Tokenizer"]

PADDING, UNKNOWN, MASK = "[PAD]", "[UNK]", "[MASK]"  # numbers 0, 1, 2 of our own vocabularies
AT_ONCE = 10_000
REMEMBERED = 1 << 24  # tokens


@final
@dataclass(frozen=True)
class Tokenizer:
    """A vocabulary, and how texts are cut into its words; all of it plain JSON values.

    Attributes:
        definition: JSON of the library tokenizers.
        vocabulary: Numbers there are, padding included: 0 to ``vocabulary - 1``.
        words: Most tokens of a text; what follows is left out.
        shift: Added to the library's numbers, so that 0 is padding and nothing else.
        unknown: Number of every word that is not in the vocabulary.
        mask: Number that stands for an erased word; None where there is none.
        special: Numbers that are no words: those a transformer wants at the beginning and the end.

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
    ) -> Self:
        """A vocabulary of the words that these texts hold, the most frequent first.

        Texts are brought to one form of Unicode (NFKC) and to lower case; words are runs of letters
        and digits, and runs of anything else but white space.

        Args:
            texts: Where words are counted.
            vocabulary: Most numbers, those for padding, unknown and erased words among them.
            min_frequency: Rarer words are unknown ones.
            words: Most tokens of a text.
        """
        check_integer(at_least=4, vocabulary=vocabulary)
        check_integer(at_least=1, min_frequency=min_frequency, words=words)
        tokenizers = _library()
        normalizer = tokenizers.normalizers.Sequence(
            [tokenizers.normalizers.NFKC(), tokenizers.normalizers.Lowercase()]
        )
        splitter = tokenizers.pre_tokenizers.Whitespace()
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
        """The tokenizer that comes with a transformer.

        Args:
            name: Of the Hugging Face hub, or a folder.
            words: Most tokens of a text, the special ones among them.

        Raises:
            ImportError: The library transformers is not installed.
            ValueError: There is none that the library tokenizers can run.
        """
        try:
            from transformers import AutoTokenizer
        except ImportError:
            raise ImportError(
                "encoders of transformers need that library: pip install 'nearfar[text]'"
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
        """From the values that :meth:`form` gives, with whatever others beside them."""
        own = {name: form[name] for name in cls.__dataclass_fields__}
        return cls(**own | {"special": tuple(form["special"])})

    def form(self) -> dict[str, Any]:
        """Everything, as plain JSON values."""
        return asdict(self) | {"special": list(self.special)}

    def encode(self, texts: Texts | Sequence[str]) -> Tokens:
        """Numbers of the words of each text; a text without any is one unknown word."""
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
        """The words of each text, without what is special to a transformer."""
        special = set(self.special)
        rows = zip(tokens.ids.tolist(), tokens.lengths.tolist(), strict=True)
        kept = [
            [number - self.shift for number in row[:length] if number not in special]
            for row, length in rows
        ]
        decoded: list[str] = self._library.decode_batch(kept, skip_special_tokens=False)
        return decoded

    def counts(self, texts: Iterable[str]) -> torch.Tensor:
        """How often each number occurs in texts."""
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
        """Numbers of the texts seen, as every epoch shows the same ones."""
        return {}

    def __getstate__(self) -> dict[str, Any]:
        return self.form() | {"special": self.special}


def _library() -> Any:
    try:
        import tokenizers
    except ImportError:
        raise ImportError(
            "texts need the library tokenizers: pip install 'nearfar[text]'"
        ) from None
    return tokenizers
