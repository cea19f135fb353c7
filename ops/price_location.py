"""Where a price file or a report lies: on this machine, or in S3, in any of its versions."""

from pathlib import Path
from typing import NamedTuple
from urllib.parse import parse_qs, urlsplit

from ops.directory import Refused


class Document(NamedTuple):
    name: str
    content: bytes


def read(location: str) -> Document:
    """Read a file, or `s3://BUCKET/KEY` with an optional `?versionId=ID`.

    Raises Refused where there is no such file, and botocore's errors where S3 refuses.
    """
    if location.startswith("s3://"):
        return Document(location, _read_s3(location))
    try:
        return Document(location, Path(location).read_bytes())
    except OSError as error:
        raise Refused(f"{location} cannot be read: {error.strerror}") from error


def _read_s3(location: str) -> bytes:
    import boto3  # here, so that a file needs no AWS

    url = urlsplit(location)
    versions = parse_qs(url.query).get("versionId")
    version = {"VersionId": versions[0]} if versions else {}
    answer = boto3.client("s3").get_object(Bucket=url.netloc, Key=url.path[1:], **version)
    content: bytes = answer["Body"].read()
    return content
