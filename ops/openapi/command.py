"""`python -m ops openapi`: the description of every route, for generators, tools and people."""

import argparse
import json
from collections.abc import Mapping
from typing import Any, Final

EXAMPLES: Final = """examples:
  python -m ops openapi > openapi.json
  python -m ops openapi --url https://models.example.com > openapi.json

It needs no AWS and no settings: the routes are the app's, whatever it is deployed to."""


def add_command(groups: Any) -> None:
    """Add the command to the parser's groups."""
    command = groups.add_parser(
        "openapi",
        help="every route, in OpenAPI 3.1",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    command.add_argument(
        "--url", default="/", help="the gateway's, with the API's stage (default: relative)"
    )
    command.set_defaults(open=dict, run=_openapi)


def _openapi(args: argparse.Namespace, _environ: Mapping[str, str]) -> None:
    from ops.openapi.document import document  # here, so that other commands need none of it
    from ops.openapi.routes import app_routes

    print(json.dumps(document(app_routes(), args.url), indent=2, ensure_ascii=False))
