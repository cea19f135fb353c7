"""The app's routes, without a gateway behind them."""

import os
from collections.abc import Mapping
from importlib import import_module

from chalice.app import RouteEntry

Routes = Mapping[str, Mapping[str, RouteEntry]]
"""By path, then method."""

NOWHERE = {"AWS_CHALICE_CLI_MODE": "true", "STREAMS_QUEUE": "none"}
"""With the first, app.py is read as by Chalice's own commands, which serve nothing."""


def app_routes() -> Routes:
    """Import the app for its routes, in a process that is to serve nothing."""
    os.environ.update(NOWHERE)
    routes: Routes = import_module("app").app.routes
    return routes
