import base64
import struct

import pytest

from local.simulator import media
from local.simulator.calls import Ask
from local.simulator.models import Model
from local.simulator.prompt_cache import PromptCache
from local.simulator.refusals import Refusal
from local.simulator.tokens import Scribe

ASK = Ask(Model("a.b", "a.b"), {}, Scribe(1, b""), PromptCache())


@pytest.mark.parametrize("milliseconds", [1, 40, 6_000, 7_200_000])
@pytest.mark.parametrize("version", [0, 1])
def test_a_movie_lasts_as_long_as_was_asked_for(milliseconds, version):
    assert media.duration_ms(media.mp4(milliseconds, version=version)) == milliseconds


def test_a_movie_may_count_in_other_units_than_milliseconds():
    movie = media.mp4(10_010, timescale=30_000)

    assert media.duration_ms(movie) == 10_010


def test_a_length_that_is_no_whole_number_of_units_is_not_made():
    with pytest.raises(ValueError, match="whole number"):
        media.mp4(1, timescale=24)


def test_a_movie_is_made_of_the_boxes_that_the_standard_names():
    movie = media.mp4(1_000)
    kinds = []
    at = 0
    while at < len(movie):
        size, kind = struct.unpack_from(">I4s", movie, at)
        kinds.append(kind)
        at += size

    assert (kinds, at) == ([b"ftyp", b"moov", b"mdat"], len(movie))
    assert len(movie) < 200


def test_a_movie_header_is_found_behind_the_pictures():
    movie = media.mp4(2_500)
    start = movie.index(b"moov") - 4
    rearranged = movie[:start] + movie[-8:] + movie[start:-8]

    assert media.duration_ms(rearranged) == 2_500


@pytest.mark.parametrize("milliseconds", [1, 2_250, 30_000])
def test_a_sound_lasts_as_long_as_was_asked_for(milliseconds):
    assert media.duration_ms(media.wav(milliseconds)) == milliseconds


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"not media",
        b"RIFF\0\0\0\0WAVE",
        b"RIFF\0\0\0\0WAVEdata\0\0\0\0",
        media.mp4(1_000)[:60],
        media.mp4(1_000).replace(b"mvhd", b"free"),
        b"\0\0\0\0moov",
        b"\xff\xff\xff\xffmoov" + bytes(60),
    ],
)
def test_what_does_not_say_how_long_it_lasts_has_no_length(content):
    assert media.duration_ms(content) is None


def test_media_may_be_given_in_either_vendors_spelling():
    encoded = base64.b64encode(media.mp4(4_000)).decode()

    assert media.given(ASK, {"bytes": encoded}, "#/source") == 4_000
    assert media.given(ASK, {"base64String": encoded}, "#/source") == 4_000


@pytest.mark.parametrize(
    "source",
    [
        {},
        {"base64String": "no base64"},
        {"base64String": ""},
        {"s3Location": {"uri": "s3://films/a.mp4"}},
        {"s3Location": {"uri": "https://films/a.mp4"}},
        {"s3Location": {}},
    ],
)
def test_media_that_cannot_be_read_is_refused(source):
    with pytest.raises(Refusal) as refused:
        media.given(ASK, source, "#/source")

    assert refused.value.code == "ValidationException"
