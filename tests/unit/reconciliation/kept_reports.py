"""What a reports bucket keeps, without a bucket."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from chalicelib.reporting.manifest import Manifest
from chalicelib.reporting.store import Rendered

LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)
_MANIFEST: dict[str, Any] = {
    **dict.fromkeys(("started", "usage", "failed", "orphaned", "unannounced", "duplicated"), 0),
    **dict.fromkeys(("lost", "partial", "unknown", "derived", "deferred", "foreign"), 0),
    **{"schema": 1, "date": "2026-11-23", "complete": True, "unpriced": 0, "window": {}},
    **dict.fromkeys(("queries", "orphaned_request_ids", "orphaned_rows"), ()),
    **dict.fromkeys(("price_book_sha256", "counts_sha256", "csv_sha256", "price_rows_sha256"), ""),
}


def manifest(**fields: Any) -> Manifest:
    """A manifest of a day on which nothing happened, but for what is said."""
    return Manifest(**{**_MANIFEST, **fields})


class Kept:
    """A ReportStore of these files, by their keys."""

    def __init__(self, files: dict[str, bytes] | None = None) -> None:
        self.files = files or {}
        self.times: dict[str, datetime] = {}  # when files were written, if not LONG_AGO

    def read(self, key: str) -> bytes | None:
        return self.files.get(key)

    def keys(self, prefix: str, after: str = "") -> Iterator[str]:
        return (key for key in sorted(self.files) if key.startswith(prefix) and key > after)

    def written(self, prefix: str, after: str = "") -> Iterator[tuple[str, datetime]]:
        return ((key, self.times.get(key, LONG_AGO)) for key in self.keys(prefix, after))

    def write(self, made: Rendered) -> None:
        self.files[made.file.key] = b"".join(made.chunks())
