"""How long media plays, read from its header; never guessed where the header does not say it."""

import struct
from base64 import b64decode, b64encode

import pytest
from exchanges import mp4, png, wav
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.metering.durations import milliseconds


def changed(encoded: str, old: bytes, new: bytes) -> str:
    content = b64decode(encoded)
    assert old in content
    return b64encode(content.replace(old, new)).decode()


def box(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", 8 + len(content)) + kind + content


@pytest.mark.parametrize("moov_first", [True, False])
@pytest.mark.parametrize("wide", [True, False])
def test_a_video_plays_as_long_as_its_movie_header_says(moov_first, wide):
    assert milliseconds(mp4(12_345, moov_first=moov_first, wide=wide)) == 12_345


def test_a_duration_is_counted_in_units_of_its_own_timescale_and_rounded_up():
    times = struct.pack(">IIII", 0, 0, 90_000, 540_001)
    moov = box(b"moov", box(b"mvhd", bytes(4) + times + bytes(80)))
    assert milliseconds(b64encode(moov).decode()) == 6_001


def test_a_box_may_give_its_size_in_64_bits_or_run_to_the_end():
    large = struct.pack(">I4sQ", 1, b"mdat", 16 + 5) + bytes(5)
    times = struct.pack(">IIII", 0, 0, 1, 7)
    movie = struct.pack(">I4s", 0, b"moov") + box(b"mvhd", bytes(4) + times + bytes(80))
    assert milliseconds(b64encode(large + movie).decode()) == 7_000


def test_a_recording_plays_as_long_as_its_frames():
    assert milliseconds(wav(32_000)) == 2_000
    assert milliseconds(wav(1, rate=44_100)) == 1


def test_a_recordings_other_chunks_are_stepped_over():
    noted = changed(wav(8_000), b"data", b"LIST" + struct.pack("<I", 3) + b"abc\0" + b"data")
    assert milliseconds(noted) == 500


@pytest.mark.parametrize(
    "encoded",
    [
        pytest.param(changed(mp4(5), b"mvhd", b"mvhx"), id="no movie header"),
        pytest.param(changed(mp4(5), b"moov", b"mooX"), id="no movie"),
        pytest.param(mp4(0), id="no duration"),
        pytest.param(mp4(2**32 - 1), id="a duration that is not known"),
        pytest.param(mp4(2**64 - 1, wide=True), id="a wide duration that is not known"),
        pytest.param(changed(mp4(5), struct.pack(">I", 1000), bytes(4)), id="no timescale"),
        pytest.param(mp4(5)[:-20], id="cut"),
        pytest.param(wav(0), id="silence"),
        pytest.param(wav(16_000)[:-8], id="a recording that was cut"),
        pytest.param(
            changed(wav(9), b"fmt \x10\0\0\0\x01", b"fmt \x10\0\0\0\x55"), id="MP3 in WAV"
        ),
        pytest.param(
            changed(wav(9), b"data" + struct.pack("<I", 18), b"data\xff\xff\xff\xff"),
            id="written as a stream",
        ),
        pytest.param(changed(wav(9), b"fmt ", b"fmtx"), id="no format"),
        pytest.param(b64encode(b"ID3\x04" + bytes(90)).decode(), id="MP3"),
        pytest.param(b64encode(b"\x1aE\xdf\xa3" + bytes(90)).decode(), id="Matroska"),
        pytest.param(png(64, 64), id="a picture"),
        pytest.param("", id="nothing"),
        pytest.param("not base64!", id="not base64"),
        pytest.param("data:video/mp4;base64," + mp4(5), id="a data URL"),
    ],
)
def test_what_does_not_say_how_long_it_plays_has_no_duration(encoded):
    assert milliseconds(encoded) is None


def test_a_fragmented_video_has_no_duration():
    times = struct.pack(">IIII", 0, 0, 1000, 5)
    mvhd = box(b"mvhd", bytes(4) + times + bytes(80))
    moov = box(b"moov", mvhd + box(b"mvex", bytes(8)))
    assert milliseconds(b64encode(moov).decode()) is None


def test_a_file_of_nothing_but_boxes_is_not_walked_for_ever():
    boxes = box(b"free", b"") * 2_000 + b64decode(mp4(5))
    assert milliseconds(b64encode(boxes).decode()) is None


@given(st.binary(max_size=200) | st.binary(max_size=80).map(lambda tail: b"RIFF____WAVE" + tail))
def test_whatever_the_bytes_a_duration_is_positive_or_none(content):
    found = milliseconds(b64encode(content).decode())
    assert found is None or found > 0


@given(st.integers(1, 2**32 - 2), st.integers(0, 60))
def test_a_video_cut_anywhere_is_never_wrong(duration, cut):
    whole = mp4(duration)
    assert milliseconds(whole[: len(whole) - cut]) in (duration, None)


@given(st.text(max_size=60))
def test_whatever_the_text_nothing_is_raised(encoded):
    assert milliseconds(encoded) is None or encoded.isascii()
