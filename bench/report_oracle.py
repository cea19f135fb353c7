"""What a day's files must say, by SQL over the raw lines: DuckDB, and nothing of the gateway's.

Counts are added up in HUGEINT and costs in DECIMAL(38, 12), which holds each exactly: no price has
more than 12 decimal places. Only on-demand tokens are priced here, which is all that the day has.
"""

from collections.abc import Iterator, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Final

import duckdb

KEYS: Final = (
    *("team_id", "service", "region", "account", "model_id", "base_model", "family"),
    *("basis", "geo", "tier", "variant", "usage_source"),
)
COUNTERS: Final = (
    *("n_started", "n_usage", "n_failed", "input_tokens", "output_tokens", "cache_read_tokens"),
    *("cache_write_tokens", "cache_write_1h_tokens", "images", "input_images", "video_ms"),
    *("input_video_ms", "input_audio_ms", "queries", "busy_ms", "guardrail_topic_units"),
    *("guardrail_content_units", "guardrail_content_image_units", "guardrail_pii_units"),
    *("guardrail_grounding_units", "guardrail_reasoning_units"),
)
TOKENS: Final = (
    *("input_tokens", "output_tokens", "cache_read_tokens", "cache_write_tokens"),
    "cache_write_1h_tokens",
)
DECIDED_BY_PRICES: Final = "price_version"
"""The column of costs.csv that this knows nothing of: a hash of the price rows."""

_COST_COLUMNS: Final = {"input_cost": "input%", "output_cost": "output%", "cache_cost": "cache%"}
_CELL: Final = """CASE WHEN count(*) FILTER (unit LIKE '{units}') = 0 THEN 0
                ELSE sum(cost) FILTER (unit LIKE '{units}') END AS {name}"""
_SHOWN: Final = "if(cells.team_id IS NULL, 0, {name})"
"""A row whose calls are all orphaned used nothing."""

_RECORDS: Final = """
    CREATE TABLE records AS SELECT DISTINCT ON (event_id) * FROM read_json(
        $lines, format = 'newline_delimited', columns = {columns})
"""
_COUNTS: Final = """
    CREATE TABLE counts AS SELECT {keys}, {sums} FROM records GROUP BY {keys} ORDER BY {keys}
"""
_PRICES: Final = """
    CREATE TABLE prices AS SELECT * FROM read_csv($prices, header = true, all_varchar = true)
    WHERE effective_from <= $day AND (effective_to = '' OR effective_to IS NULL
        OR effective_to >= $day)
"""
_CHARGES: Final = """
    CREATE TABLE charges AS
    WITH used AS (
        SELECT * FROM (UNPIVOT counts ON {tokens} INTO NAME unit VALUE amount) WHERE amount > 0)
    SELECT used.team_id, used.model_id, used.unit,
        amount * usd_per_unit::DECIMAL(20, 12)::DECIMAL(38, 12) AS cost
    FROM used LEFT JOIN prices ON prices.model = used.base_model
        AND prices.unit = used.unit AND prices.region = used.region AND prices.geo = used.geo
        AND prices.basis = used.basis AND prices.tier = used.tier
        AND prices.variant = used.variant
"""
_ORPHANS: Final = """
    CREATE TABLE orphans AS SELECT team_id, model_id FROM records
    GROUP BY team_id, model_id, call_id HAVING sum(n_usage + n_failed) = 0
"""
_COSTS: Final = """
    WITH cells AS (
        SELECT team_id, model_id,
            {cells},
            sum(cost) AS total_cost,
            bool_or(cost IS NULL) AS some_unpriced
        FROM charges GROUP BY team_id, model_id),
    rows AS (
        SELECT team_id, model_id, sum(n_usage) AS invocations,
            sum(input_tokens) AS input_tokens, sum(output_tokens) AS output_tokens,
            sum(cache_read_tokens) AS cache_read_tokens,
            sum(cache_write_tokens + cache_write_1h_tokens) AS cache_write_tokens,
            bool_or(usage_source = 'partial') AS partial
        FROM counts GROUP BY team_id, model_id)
    SELECT $day, team_id, 'bedrock', model_id, invocations,
        input_tokens, output_tokens, cache_read_tokens, cache_write_tokens, 0, 0, 0,
        {shown},
        0, 0, 0, if(cells.team_id IS NULL, 0, total_cost), 'USD',
        CASE WHEN partial OR (team_id, model_id) IN (SELECT (team_id, model_id) FROM orphans)
                THEN 'INCOMPLETE'
            WHEN some_unpriced AND total_cost IS NULL THEN 'UNPRICED'
            WHEN some_unpriced THEN 'PARTLY_PRICED' ELSE 'PRICED' END
    FROM rows LEFT JOIN cells USING (team_id, model_id) ORDER BY team_id, model_id
"""


class Oracle:
    """The records of one day, read from files of lines by DuckDB."""

    def __init__(self, lines: Sequence[Path], prices: Path, day: str) -> None:
        self._db = duckdb.connect()
        self._day = day
        texts = ("event_id", "call_id", *KEYS)
        columns = dict.fromkeys(texts, "VARCHAR") | dict.fromkeys(COUNTERS, "HUGEINT")
        sums = ", ".join(f"sum({name})::HUGEINT AS {name}" for name in COUNTERS)
        keys, tokens = ", ".join(KEYS), ", ".join(TOKENS)
        self._run(_RECORDS.format(columns=columns), lines=[str(path) for path in lines])
        self._run(_COUNTS.format(keys=keys, sums=sums))
        self._run(_PRICES, prices=str(prices), day=day)
        self._run(_CHARGES.format(tokens=tokens))
        self._run(_ORPHANS)

    def counts(self) -> Iterator[str]:
        """Yield the lines of counts.csv."""
        yield ",".join((*KEYS, *COUNTERS))
        yield from _lines(self._run("SELECT * FROM counts"))

    def costs(self) -> Iterator[str]:
        """Yield the lines of costs.csv after its header, each without DECIDED_BY_PRICES."""
        cells = (_CELL.format(name=name, units=units) for name, units in _COST_COLUMNS.items())
        shown = (_SHOWN.format(name=name) for name in _COST_COLUMNS)
        query = _COSTS.format(cells=", ".join(cells), shown=", ".join(shown))
        yield from _lines(self._run(query, day=self._day))

    def _run(self, query: str, **parameters: object) -> duckdb.DuckDBPyConnection:
        return self._db.execute(query, parameters)


def _lines(answer: duckdb.DuckDBPyConnection) -> Iterator[str]:
    while rows := answer.fetchmany(10_000):
        yield from (",".join(map(_cell, row)) for row in rows)


def _cell(value: object) -> str:
    text = "" if value is None else str(value)
    return f"{value.normalize():f}" if isinstance(value, Decimal) else text
