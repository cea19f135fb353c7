"""Which ids a tenant can make up: those that no list price names and that AWS did not tell us of.

Pure, but for the list that it ships with. Of that only names are read, once in a process: the
whole book takes many times as long, and a tenant would wait for it.
"""

from functools import lru_cache
from pathlib import Path

from chalicelib.catalog import Model

_PRICES_CSV = Path(__file__).with_name("prices.csv")


def is_unlisted(model: Model) -> bool:
    """Say whether nothing but a tenant says that there is such a model.

    An endpoint stands in the settings, and what an ARN names AWS was asked about.
    """
    by_name = model.service == "bedrock" and not model.model_id.startswith("arn:")
    return by_name and model.model_id not in listed_ids()


@lru_cache(maxsize=1)
def listed_ids() -> frozenset[str]:
    """Return every id that has a list price, those of geo profiles among them.

    The columns that count stand first (`price_file.COLUMNS`), and none is ever quoted.
    """
    _header, *rows = _PRICES_CSV.read_text(encoding="utf-8").splitlines()
    named = {(model, geo) for model, _region, geo, _rest in (row.split(",", 3) for row in rows)}
    return frozenset(model if geo == "none" else f"{geo}.{model}" for model, geo in named)
