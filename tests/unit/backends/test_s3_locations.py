import pytest

from chalicelib.backends.s3_locations import check_s3_locations
from chalicelib.errors import BadRequest

OWN = "s3://payloads/teams/search/"


@pytest.mark.parametrize(
    "body",
    [
        b'{"mediaSource":{"s3Location":{"uri":"s3://payloads/teams/search/a.mp4"}}}',
        b'{"messages":[{"content":[{"text":"s3://anything is only a text"}]}]}',
        b'{"prompt":"s3://anything"}',
        b'{"texts":["s3://anything", "s3: season three"]}',
        b'{"a":"s3: season three"}',
        b"not json at all",
        b"{}",
        b"[]",
        b'"text"',
    ],
)
def test_a_teams_own_locations_and_mere_texts_pass(body) -> None:
    check_s3_locations(body, OWN)


@pytest.mark.parametrize(
    "body",
    [
        b'{"mediaSource":{"s3Location":{"uri":"s3://payloads/teams/art/a.mp4"}}}',
        b'{"outputDataConfig":{"s3OutputDataConfig":{"s3Uri":"s3://reports/costs/"}}}',
        b'{"a":[{"b":["s3://payloads/teams/searching/x"]}]}',
        b'{"a":"s3:\\/\\/reports/x"}',
        b'{"a":"\\u00733://reports/x"}',
        b'{"uri":"s3://payloads/teams/search/../art/x"}',
        b'{"content":{"uri":"s3://reports/x"}}',
        b'{"uri":"s3://reports/x","uri":"s3://payloads/teams/search/x"}',
        b'{"uri":"s3://payloads/teams/search/x","uri":"s3://reports/x"}',
        '{"uri":"s3://reports/x"}'.encode("utf-16"),
        '{"uri":"s3://reports/x"}'.encode("utf-16-be"),
        '{"uri":"s3://reports/x"}'.encode("utf-32"),
    ],
)
def test_any_other_location_is_refused_however_it_is_spelled(body) -> None:
    with pytest.raises(BadRequest, match="your team's own prefix") as refused:
        check_s3_locations(body, OWN)
    assert "payloads/teams" not in refused.value.message  # no bucket's name, no other team's


RIVAL = b'"uri":"s3://payloads/teams/art/x"'


@pytest.mark.parametrize(
    "body",
    [
        b'{"n":' + b"1" * 5_000 + b"," + RIVAL + b"}",
        b'{"deep":' + b"[" * 100_000 + b"]" * 100_000 + b"," + RIVAL + b"}",
        b'{"text":"\xff",' + RIVAL + b"}",
        b"{" + RIVAL + b",}",
    ],
    ids=["a number too long", "too deep", "not UTF-8", "a trailing comma"],
)
def test_a_body_that_may_name_a_location_and_cannot_be_read_is_refused(body) -> None:
    with pytest.raises(BadRequest):
        check_s3_locations(body, OWN)
