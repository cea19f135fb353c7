"""The simulator's own tokenizer and writer.

No client can know the rule: a text's token count depends on the seed and on every character of
it, at about 3.5 characters a token. The same seed and text always count the same.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise
from random import Random
from zlib import crc32

_PROSE = (
    "The committee met in the morning and read the report aloud. Costs were lower than the "
    "year before, because the machines stood still at night. Nobody had asked for the second "
    "pump, and so it was sent back with a short letter of thanks. The river rose in April; the "
    "bridge held. A new ledger was begun, with one line for every barrel that came and went. "
)
_EVERY_WIDTH = "Die Brücke hält. Η γέφυρα κρατάει. 橋は無事だった。🌉👍🏽 "
"""A text whose characters take one to four bytes."""

_DEFAULT_LIMIT = 512  # tokens, where a request names no maximum
_LONGEST_ANSWER = 180
_LONGEST_PIECE = 1_024  # characters

Piece = tuple[str, int]
"""A piece of an answer, and how many of its tokens are in it."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What a fault wants of an answer: its size in characters, its tokens, its alphabet."""

    characters: int = 0
    tokens: int = 0
    multibyte: bool = False


NO_WISH = Wish()


@dataclass(frozen=True, slots=True)
class Passage:
    """A text that the model wrote; `finished` is false where the caller's limit cut it."""

    text: str
    tokens: int
    finished: bool


class Scribe:
    """Reads and writes for one call, and keeps what passed: characters, and pictures looked at."""

    def __init__(self, seed: int, payload: bytes, wish: Wish = NO_WISH) -> None:
        digest = hashlib.blake2b(payload, digest_size=8, salt=seed.to_bytes(8, "big")).digest()
        self.digest = int.from_bytes(digest, "big")
        self.characters_in = 0
        self.characters_out = 0
        self.pictures = 0
        self._seed = seed & 0xFFFFFFFF
        self._wish = wish
        self._written = 0

    def read(self, text: str) -> int:
        """Return how many tokens a text of the request costs; a text that is not empty costs 1."""
        self.characters_in += len(text)
        if not text:
            return 0
        return (
            len(text) // 5
            + 1
            + crc32(text.encode("utf-8", "replace"), self._seed) % (len(text) // 6 + 2)
        )

    def look(self, picture: str) -> int:
        """Return how many tokens a picture in a prompt costs, whatever its size."""
        self.pictures += 1
        return 1_000 + crc32(picture.encode(), self._seed) % 600

    def write(self, limit: int | None = None) -> Passage:
        """Write the next text of the answer, of `limit` tokens at most.

        Where a fault asks for a big answer, its text is padded and the count stays the model's;
        where it asks for a long one, no limit holds.
        """
        self._written += 1
        draw = crc32(self._written.to_bytes(4, "big"), self.digest & 0xFFFFFFFF)
        wish = self._wish
        wanted = wish.tokens or 12 + draw % (_LONGEST_ANSWER - 12)
        most = wanted if wish.tokens else _DEFAULT_LIMIT if limit is None else limit
        tokens = min(wanted, most)
        prose = _EVERY_WIDTH if wish.multibyte else _PROSE
        start = draw % len(prose)
        length = tokens * 3 + draw % (tokens + 1)
        pages = prose * ((start + length) // len(prose) + 1)
        text = pages[start : start + length].strip()
        text += " " + "x" * (wish.characters - len(text) - 1) if wish.characters else ""
        self.characters_out += len(text)
        return Passage(text, tokens, tokens == wanted)

    def vector(self, dimensions: int) -> list[float]:
        """Return an embedding, rounded as short as a test can read."""
        self._written += 1
        turn = crc32(self._written.to_bytes(4, "big"), self.digest & 0xFFFFFFFF)
        return [((turn + 7919 * i) % 2003 - 1001) / 1e4 for i in range(dimensions)]


def cut(text: str, tokens: int) -> list[Piece]:
    """Cut a text into its tokens, one a piece, or where they would be too long, into more pieces.

    The same text is always cut alike.
    """
    number = max(1, min(len(text), max(tokens, -(-len(text) // _LONGEST_PIECE))))
    draw = Random(crc32(text.encode("utf-8", "replace")))
    slack = len(text) // number >= 3
    ends = [i * len(text) // number + slack * draw.randrange(-1, 2) for i in range(1, number)]
    bounds = pairwise([0, *ends, len(text)])
    parts = shares(tokens, [1] * number)
    return [(text[start:end], part) for (start, end), part in zip(bounds, parts, strict=True)]


def shares(whole: int, weights: Sequence[int]) -> list[int]:
    """Divide a whole by weight, to the last unit."""
    total = sum(weights) or 1
    upto = [whole * part // total for part in accumulate(weights, initial=0)]
    return [after - before for before, after in pairwise(upto)]
