import base64
import struct
import zlib

import pytest

from local.simulator import pictures
from local.simulator.refusals import Refusal

JPEG = bytes.fromhex("ffd8ffe000104a46494600010100000100010000ffc0001108012c019003")


@pytest.mark.parametrize(("width", "height"), [(1024, 1024), (320, 704), (1173, 640), (1, 1)])
def test_a_picture_has_the_size_that_was_asked_for(width, height):
    assert pictures.size(pictures.png(width, height)) == (width, height)


def test_a_picture_is_small_whatever_its_size():
    assert len(pictures.png(2048, 2048)) < 8_000


def test_a_picture_decodes_to_its_rows_with_every_checksum_right():
    data = base64.b64decode(pictures.png(300, 7))
    chunks = {}
    at = 8
    while at < len(data):
        (length,) = struct.unpack(">I", data[at : at + 4])
        kind, content = data[at + 4 : at + 8], data[at + 8 : at + 8 + length]
        (checksum,) = struct.unpack(">I", data[at + 8 + length : at + 12 + length])
        assert checksum == zlib.crc32(kind + content)
        chunks[kind] = content
        at += 12 + length

    assert list(chunks) == [b"IHDR", b"IDAT", b"IEND"]
    assert len(zlib.decompress(chunks[b"IDAT"])) == 7 * (1 + 38)


def test_pictures_of_one_answer_differ():
    assert len({pictures.png(512, 512, pattern) for pattern in range(5)}) == 5


def test_the_size_of_a_jpeg_is_read():
    assert pictures.size(base64.b64encode(JPEG).decode()) == (400, 300)


@pytest.mark.parametrize("encoded", ["", "not base64", "R0lGODlhAQABAAAAACw=", "/9g="])
def test_what_is_neither_png_nor_jpeg_has_no_size(encoded):
    assert pictures.size(encoded) is None


def test_a_given_picture_that_claims_an_absurd_size_is_refused():
    header = b"\x89PNG\r\n\x1a\n" + struct.pack(">I4sII", 13, b"IHDR", 2**31 - 1, 1)

    with pytest.raises(Refusal):
        pictures.given(base64.b64encode(header).decode(), "#/image")
