import struct
from base64 import b64decode, b64encode

import pytest
from exchanges import png
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.metering.pictures import size_in, size_of


def encoded(header: bytes) -> str:
    return b64encode(header + bytes(60)).decode()


def jpeg(width: int, height: int, *, before: bytes = b"") -> str:
    frame = b"\xff\xc0" + struct.pack(">HBHHB", 17, 8, height, width, 3)
    return encoded(b"\xff\xd8" + before + frame)


def segment(marker: int, length: int) -> bytes:
    return bytes([0xFF, marker]) + struct.pack(">H", length) + bytes(length - 2)


def webp(chunk: bytes) -> str:
    return encoded(b"RIFF" + bytes(4) + b"WEBP" + chunk)


VP8X = b"VP8X" + struct.pack("<I", 10) + bytes(4) + b"\xff\x03\x00" + b"\x7f\x02\x00"
VP8L = b"VP8L" + bytes(4) + b"\x2f" + struct.pack("<I", 1023 | 639 << 14)
VP8 = b"VP8 " + bytes(4) + bytes(3) + b"\x9d\x01\x2a" + struct.pack("<HH", 1024, 640)


@pytest.mark.parametrize(
    "picture",
    [
        png(1024, 640),
        jpeg(1024, 640),
        jpeg(1024, 640, before=segment(0xE0, 16) + segment(0xDB, 67) + segment(0xC4, 31)),
        jpeg(1024, 640, before=segment(0xE2, 60_000)),
        jpeg(1024, 640, before=b"\xff" + segment(0xE1, 100)),
        webp(VP8X),
        webp(VP8L),
        webp(VP8),
    ],
    ids=["png", "jpeg", "tables", "profile", "fill", "vp8x", "vp8l", "vp8"],
)
def test_a_picture_tells_its_own_size(picture):
    assert size_of(picture) == (1024, 640)


@pytest.mark.parametrize(
    "picture",
    [
        "",
        "aGVsbG8=",
        "not base64!",
        "números",
        png(0, 640),
        png(1024, 640)[:20],
        jpeg(1024, 640)[:12],
        encoded(b"GIF89a"),
        encoded(b"RIFF" + bytes(4) + b"WAVE"),
        encoded(b"\xff\xd8\xff\xe0\x00\x00"),
        webp(b"VP8L" + bytes(30)),
        webp(b"VP8 " + bytes(30)),
        webp(b"ALPH" + bytes(30)),
    ],
)
def test_what_does_not_tell_its_size_has_none(picture):
    assert size_of(picture) is None


@given(st.one_of(st.text(max_size=60), st.binary(max_size=60).map(lambda b: b64encode(b).decode())))
def test_no_bytes_make_it_raise_or_find_an_empty_picture(picture):
    size = size_of(picture)
    assert size is None or (size.width > 0 and size.height > 0)


@given(st.sampled_from([png(9, 9), jpeg(9, 9), webp(VP8X), webp(VP8L), webp(VP8)]), st.data())
def test_no_damaged_header_makes_it_raise(picture, data):
    damaged = bytearray(b64decode(picture))
    position = data.draw(st.integers(0, len(damaged) - 1))
    damaged[position] = data.draw(st.integers(0, 255))
    size = size_of(b64encode(bytes(damaged)).decode())
    assert size is None or (size.width > 0 and size.height > 0)


@pytest.mark.parametrize("picture", [png(9, 7), jpeg(9, 7)])
def test_a_picture_that_is_not_encoded_tells_its_size_too(picture):
    assert size_in(b64decode(picture)) == (9, 7)


@pytest.mark.parametrize("body", [b"", b"{}", b"\x89PNG\r\n\x1a\n", b64decode(png(0, 7))])
def test_a_body_that_is_no_picture_has_no_size(body):
    assert size_in(body) is None
