"""The notice on a reconciliation that found a difference. Pure."""

from chalicelib.reconciliation.causes import ABOUT, joined
from chalicelib.reconciliation.row import Row, plain
from chalicelib.reconciliation.statement import Statement
from chalicelib.reporting.notices.notices import Cause, Notice
from chalicelib.reporting.notices.words import letter, listed


def notice(statement: Statement, cause: Cause, bucket: str) -> Notice | None:
    """Tell what differs and what to do about each cause; None where nothing does."""
    rows = statement.differences
    if not rows:
        return None
    _, _, of = statement.period.partition("=")
    causes = dict.fromkeys(cause for row in rows for cause in row.causes)
    return Notice(
        cause,
        f"{of} is not what AWS counted: {statement.sentence()}",
        letter(
            f"The reconciliation of {of} (UTC) found {statement.sentence()}.",
            "What differs:\n" + "\n".join(listed(list(map(_told, rows)))),
            "What to do:\n" + "\n".join(f"{each}: {ABOUT[each].hint}" for each in causes),
            f"All of it: s3://{bucket}/{statement.csv_key}",
        ),
    )


def _told(row: Row) -> str:
    ours, theirs = plain(row.ours), plain(row.theirs)
    return f"{row.scope} {row.unit}: {ours} here, {theirs} by AWS ({joined(row.causes)})"
