"""Samples in S3: an hour a file, read back exactly or not at all."""

import hashlib
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st
from kept_files import Bucket

from chalicelib.pricing.capacity import Resource, Sample
from chalicelib.reporting.capacity_files import (
    NOT_SAMPLED,
    hour_key,
    read_hour,
    read_samples,
    write_hour,
)

DAY = date(2026, 11, 23)
AT = datetime(2026, 11, 23, 8, 7, 1, tzinfo=UTC)
CHAT = Sample(Resource("sagemaker", "us-east-1", "chat"), "ml.g5.xlarge", "none", 2, 4)
ARN = "arn:aws:bedrock:us-east-1:123456789012:provisioned-model/abcdefghijkl"
NOVA = Sample(Resource("bedrock", "us-east-1", ARN), "amazon.nova-lite-v1:0", "1mo", 1, 1)
HOUR = f"""\
sampled_at,service,region,model_id,sku,variant,count,concurrency
2026-11-23T08:07:01.000Z,bedrock,us-east-1,{ARN},amazon.nova-lite-v1:0,1mo,1,1
2026-11-23T08:07:01.000Z,sagemaker,us-east-1,chat,ml.g5.xlarge,none,2,4
"""
NOTHING = HOUR.splitlines()[0].encode() + b"\n"


def test_an_hour_is_a_csv_that_says_what_ran_and_when_it_was_asked():
    assert write_hour([CHAT, NOVA], AT).decode() == HOUR


def test_the_same_samples_in_another_order_are_the_same_bytes():
    assert write_hour([NOVA, CHAT], AT) == write_hour([CHAT, NOVA], AT)


def test_the_time_is_written_in_utc_wherever_the_clock_stands():
    berlin = AT.astimezone(timezone(timedelta(hours=1)))

    assert write_hour([CHAT], berlin) == write_hour([CHAT], AT)


def test_an_hour_in_which_nothing_ran_is_a_header():
    assert write_hour([], AT) == NOTHING
    assert read_hour(NOTHING) == []


names = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9.:/-]{0,40}", fullmatch=True)


@given(
    st.lists(
        st.builds(
            Sample,
            resource=st.builds(
                Resource, st.sampled_from(["bedrock", "sagemaker"]), st.just("us-east-1"), names
            ),
            sku=names,
            variant=st.sampled_from(["none", "no_commit", "6mo"]),
            count=st.integers(1, 10**6),
            concurrency=st.integers(1, 10**3),
        )
    )
)
def test_what_is_written_is_read_back(samples):
    found = read_hour(write_hour(samples, AT))

    assert sorted(map(repr, found)) == sorted(map(repr, samples))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (",2,4", ",2.0,4"),
        (",2,4", ",-2,4"),
        (",2,4", ",²,4"),
        (",2,4", ",0,4"),
        (",2,4", ",2"),
        (",2,4", ",2,4,5"),
        (",ml.g5.xlarge,", ",,"),
        (",sagemaker,", ",lambda,"),
        ("concurrency", "at_once"),
    ],
)
def test_a_file_that_is_not_exactly_one_is_refused(old, new):
    with pytest.raises(ValueError):
        read_hour(HOUR.replace(old, new).encode())


def test_an_empty_file_is_refused():
    with pytest.raises(ValueError):
        read_hour(b"")


def test_a_cell_that_would_break_a_row_is_not_written():
    with pytest.raises(ValueError):
        write_hour([replace(CHAT, sku="a,b")], AT)


def test_a_day_is_its_hours_and_knows_how_many_are_missing():
    hours = {hour_key(DAY, hour): NOTHING for hour in range(24) if hour not in (3, 4)}
    bucket = Bucket(files={**hours, hour_key(DAY, 8): HOUR.encode()})

    sampled = read_samples(bucket, "reports", DAY)

    assert set(sampled.capacity.samples) == {CHAT, NOVA}
    assert sampled.capacity.hours_missing == 2


def test_a_day_without_files_was_not_sampled():
    assert read_samples(Bucket(), "reports", DAY) == NOT_SAMPLED
    assert NOT_SAMPLED.capacity.hours_missing == 24


def test_another_day_and_what_is_no_hour_are_left_alone():
    files = {
        hour_key(date(2026, 11, 24), 8): HOUR.encode(),
        f"capacity/date={DAY}/hour=24.csv": HOUR.encode(),
        f"capacity/date={DAY}/notes.txt": b"",
    }

    assert read_samples(Bucket(files=files), "reports", DAY) == NOT_SAMPLED


def test_a_file_that_cannot_be_read_is_named():
    bucket = Bucket(files={hour_key(DAY, 8): b"sampled_at\n"})

    with pytest.raises(ValueError, match=r"^capacity/date=2026-11-23/hour=08\.csv: "):
        read_samples(bucket, "reports", DAY)


def test_the_hash_is_that_of_sha256sums_own_lines():
    bucket = Bucket(files={hour_key(DAY, 8): HOUR.encode(), hour_key(DAY, 9): NOTHING})
    printed = "".join(
        f"{hashlib.sha256(content).hexdigest()}  {key.split('/')[-1]}\n"
        for key, content in bucket.files.items()
    )

    sampled = read_samples(bucket, "reports", DAY)

    assert sampled.sha256 == hashlib.sha256(printed.encode()).hexdigest()
