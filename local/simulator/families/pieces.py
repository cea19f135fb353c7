"""Streams that are the buffered answer over and over, each time with the next piece of the text.

Several families stream like this: the reason to stop is null until the last piece has it.
"""

from collections.abc import Callable, Iterator
from typing import Any

from local.simulator.calls import Chunk, Reply

Word = Callable[[int, str, str | None], Any]
"""The JSON of a chunk, given the text's number, a piece of it, and why it stopped if it did."""


def of(reply: Reply, word: Word, reasons: list[str]) -> Iterator[Chunk]:
    """Yield each text's pieces, text after text; the last chunk of all is final."""
    for number, reason in enumerate(reasons):
        *pieces, (text, tokens) = reply.pieces(number)
        for piece, part in pieces:
            yield Chunk(word(number, piece, None), part)
        yield Chunk(word(number, text, reason), tokens, final=number == len(reasons) - 1)
