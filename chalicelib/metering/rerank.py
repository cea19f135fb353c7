"""Rerank models: a query of up to 100 documents, which no answer counts.

Source: Amazon Bedrock pricing, "Rerank": a request with more than 100 documents counts as several
queries, 350 as four. A document of more than 512 tokens, the query's included, counts as several;
how many only CloudWatch's SearchUnits tell, so the reading is `derived`.
"""

from chalicelib.metering.exchange import Exchange, at
from chalicelib.metering.metered import Metered, unknown
from chalicelib.metering.usage import Usage

DOCUMENTS_A_QUERY = 100


def meter(exchange: Exchange) -> Metered:
    documents = at(exchange.request_json, "documents")
    if not isinstance(documents, list) or not documents:
        return unknown("documents")
    return Metered(Usage(queries=-(-len(documents) // DOCUMENTS_A_QUERY)), "derived")
