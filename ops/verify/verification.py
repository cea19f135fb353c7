"""The verification: what is to be called, the calls, and everything that differs."""

import argparse
import secrets
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, closing, nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from chalicelib.catalog import GEOS
from chalicelib.pricing.price_book import PriceBook
from chalicelib.reporting.insights import IncompleteReport
from chalicelib.reporting.price_override import book_in_force
from ops.deploy import ownership
from ops.deploy.account import Account
from ops.directory import Directory, Refused
from ops.doctor.examined import Examined
from ops.verify import comparison, proof, screen
from ops.verify.calls import Call, Models, planned
from ops.verify.command import EMBEDDING, TEXT
from ops.verify.estimate import ListPrices, at_most
from ops.verify.gateway import Gateway
from ops.verify.guest import guest
from ops.verify.patience import Waiting
from ops.verify.records import Recorded

KEY: Final = "TOLLGATE_KEY"
LOG_SECONDS: Final = 300
"""How long to wait for the records: Logs shows them after some seconds."""


def verify(args: argparse.Namespace, environ: Mapping[str, str]) -> None:
    """Do what the command says. Raises Refused where it cannot, or where something differs."""
    with closing(Examined.of(args.stage, Account.of(environ), environ)) as examined:
        url = args.url or deployed_url(examined)
        prices = ListPrices(PriceBook.load(), examined.settings.region, datetime.now(UTC).date())
        calls = planned(chosen(args, prices), secrets.token_hex(4))
        print(*screen.plan(examined, url, calls, at_most(calls, prices)), sep="\n")
        if not args.live:
            print("nothing was called: add --live")
            return
        if not examined.settings.usage_log_groups:
            raise Refused("USAGE_LOG_GROUPS is not set: where are the records?")
        _confirm(yes=args.yes)
        found = Verification(examined, url, environ, Waiting(args.wait * 60)).of(calls)
        differences = sum(_printed(*each) for each in found)
    if differences:
        raise Refused(f"{differences} of it {'is' if differences == 1 else 'are'} not proved")


def deployed_url(examined: Examined) -> str:
    """Say where a stage's API answers, wherever it was deployed from. Raises Refused."""
    stage, account = examined.stage, examined.account
    if stage is None:
        raise Refused("say --stage, or the gateway's --url")
    api = ownership.api(examined.client("apigateway"), stage.api)
    if api is None:
        raise Refused(
            f"there is no API {stage.api} in {account.region}: deploy it, or give a --url"
        )
    return f"https://{api}.execute-api.{account.region}.{account.domain}/{stage.api_stage}"


def chosen(args: argparse.Namespace, prices: ListPrices) -> Models:
    """Choose what is called: what was asked for, else what has a price in this region."""
    profiles = [f"{geo}.{TEXT}" for geo in sorted(GEOS - {"global"})]
    priced = (each for each in (*profiles, TEXT) if prices.has(each, "input_tokens"))
    text = args.text or next(priced, "")
    if not text:
        raise Refused(f"{TEXT} has no price in this region: name a model with --text")
    unpriced = not prices.has(EMBEDDING, "input_tokens")
    embedding = "" if args.embedding == EMBEDDING and unpriced else args.embedding
    return Models(text, embedding, args.image)


def _confirm(*, yes: bool) -> None:
    if yes:
        return
    if not sys.stdin.isatty():
        raise Refused("nothing was called: nobody is here to be asked, so add --yes")
    if input("make them? [y/N] ").strip().lower() not in ("y", "yes"):
        raise Refused("nothing was called")


def _printed(line: str, is_difference: bool) -> bool:
    print(line, flush=True)
    return is_difference


@dataclass(frozen=True, slots=True)
class Verification:
    """A gateway that is verified; `waiting` is for AWS's counters."""

    examined: Examined
    url: str
    environ: Mapping[str, str]
    waiting: Waiting

    def of(self, calls: Sequence[Call]) -> Iterator[screen.Line]:
        """Make the calls; yield what is found of them."""
        with self._key(calls) as key:
            made = proof.make(calls, Gateway(self.url, key, self.environ.get("AWS_CA_BUNDLE")))
        found = self._recorded(made)
        results = [comparison.checked(call, answer, found) for call, answer in made.answers]
        yield from screen.calls(results)
        sums = comparison.made(results)
        compared = None
        if self.waiting.seconds:
            cloudwatch = self.examined.client("cloudwatch")
            compared = proof.counted(made, sums, cloudwatch, self.waiting)
        yield from screen.counters(compared)
        yield from screen.dollars(comparison.dollars(results, compared, self._book()))

    def _key(self, calls: Sequence[Call]) -> AbstractContextManager[str]:
        if key := self.environ.get(KEY):
            return nullcontext(key)
        table = self.examined.settings.tenants_table
        directory = Directory(self.examined.client("dynamodb"), table)
        return guest(directory, sorted({call.model for call in calls}))

    def _recorded(self, made: proof.Round) -> Mapping[str, Recorded]:
        logs, groups = self.examined.client("logs"), self.examined.settings.usage_log_groups
        try:
            return proof.recorded(made, logs, groups, Waiting(LOG_SECONDS))
        except IncompleteReport as error:
            raise Refused(f"the records cannot be read: {error}") from error

    def _book(self) -> PriceBook:
        s3 = self.examined.client("s3")
        return book_in_force(PriceBook.load(), s3, self.examined.settings)
