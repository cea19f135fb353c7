"""KnownDay: what is known now of a day, to be written as its report or as what adjusts it."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime

from chalicelib.pricing.price_book import PriceBook
from chalicelib.reporting.day_files import FilesOf
from chalicelib.reporting.manifest import Manifest
from chalicelib.reporting.reported_day import ReportedDay
from chalicelib.reporting.restating import Remade
from chalicelib.reporting.store import all_rendered, hashes


@dataclass(frozen=True, slots=True)
class KnownDay:
    """A day's counts, which wait for prices, and what its manifest is to say of them."""

    day: date
    book: PriceBook  # in force
    rate: Callable[[PriceBook], ReportedDay]
    manifest: Callable[[ReportedDay, Mapping[str, str]], Manifest]
    """Of the day, and of the hashes of the files that were rendered, by key."""
    at: datetime  # when this came to be known
    closed: bool  # its month is: it is to be adjusted

    def remade(self, makers: Iterable[FilesOf], prefix: str = "") -> Remade:
        """Render the day's files at the prices in force, under keys that begin with `prefix`."""
        reported = self.rate(self.book)
        files = all_rendered(file for make in makers for file in make(reported))
        manifest = self.manifest(reported, hashes(files))
        if prefix:
            files = [
                replace(each, file=replace(each.file, key=prefix + each.file.key)) for each in files
            ]
            manifest = replace(manifest, files=hashes(files))
        return Remade(files, manifest, reported.costs, self.at)
