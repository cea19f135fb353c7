"""The simulator's own tokenizer and writer.

No client can know the rule: a text's token count depends on the seed and on every character of
it, at about 3.5 characters a token. The same seed and text always count the same.
"""

import hashlib
from dataclasses import dataclass
from zlib import crc32

_PROSE = (
    "The committee met in the morning and read the report aloud. Costs were lower than the "
    "year before, because the machines stood still at night. Nobody had asked for the second "
    "pump, and so it was sent back with a short letter of thanks. The river rose in April; the "
    "bridge held. A new ledger was begun, with one line for every barrel that came and went. "
)
_DEFAULT_LIMIT = 512  # tokens, where a request names no maximum
_LONGEST_ANSWER = 180


@dataclass(frozen=True, slots=True)
class Passage:
    """A text that the model wrote; `finished` is false where the caller's limit cut it."""

    text: str
    tokens: int
    finished: bool


class Scribe:
    """Reads and writes for one call, and keeps what passed: characters, and pictures looked at."""

    def __init__(self, seed: int, payload: bytes, pad_bytes: int = 0) -> None:
        digest = hashlib.blake2b(payload, digest_size=8, salt=seed.to_bytes(8, "big")).digest()
        self.digest = int.from_bytes(digest, "big")
        self.characters_in = 0
        self.characters_out = 0
        self.pictures = 0
        self._seed = seed & 0xFFFFFFFF
        self._pad_bytes = pad_bytes
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

        Where a fault asks for a big answer, its text is padded; the count stays the model's.
        """
        self._written += 1
        draw = crc32(self._written.to_bytes(4, "big"), self.digest & 0xFFFFFFFF)
        wanted = 12 + draw % (_LONGEST_ANSWER - 12)
        tokens = min(wanted, _DEFAULT_LIMIT if limit is None else limit)
        start = draw % len(_PROSE)
        length = tokens * 3 + draw % (tokens + 1)
        pages = _PROSE * ((start + length) // len(_PROSE) + 1)
        text = pages[start : start + length].strip()
        text += " " + "x" * (self._pad_bytes - len(text) - 1) if self._pad_bytes else ""
        self.characters_out += len(text)
        return Passage(text, tokens, tokens == wanted)

    def vector(self, dimensions: int) -> list[float]:
        """Return an embedding, rounded as short as a test can read."""
        self._written += 1
        turn = crc32(self._written.to_bytes(4, "big"), self.digest & 0xFFFFFFFF)
        return [((turn + 7919 * i) % 2003 - 1001) / 1e4 for i in range(dimensions)]
