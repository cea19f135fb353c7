"""Keeping: a statement's files in the reports bucket, and that its differences were told.

Whoever reconciles keeps what was found; only the morning tells. So what a person found by hand, or
a morning that was ended before it told, is told by the next morning.
"""

from dataclasses import replace

from chalicelib.reconciliation.statement import Reconciled, Statement
from chalicelib.reporting.store import ReportStore, rendered


def keep(store: ReportStore, statement: Statement) -> Statement:
    """Write a statement. What was told stays told where the same is found again."""
    before = Reconciled.read(store.read(statement.key))
    content, _ = made = tuple(map(rendered, statement.files()))
    if before and before.told and before.csv_sha256 == content.sha256:
        statement = replace(statement, told=True)
        made = tuple(map(rendered, statement.files()))
    for each in made:
        store.write(each)
    return statement


def mark_told(store: ReportStore, statement: Statement) -> None:
    """Say of a kept statement that its differences were told."""
    if statement.differences and not statement.told:
        _, said = replace(statement, told=True).files()
        store.write(rendered(said))
