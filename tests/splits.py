"""Bytes as a network delivers them: cut anywhere."""

from hypothesis import strategies as st

CUTS = st.lists(st.integers(0, 2_000), max_size=12)


def pieces(data: bytes, cuts: list[int]) -> list[bytes]:
    """Cut data at these places, as far as it has them; a piece may be empty."""
    ends = [*sorted(min(cut, len(data)) for cut in cuts), len(data)]
    return [data[begin:end] for begin, end in zip([0, *ends], ends, strict=False)]
