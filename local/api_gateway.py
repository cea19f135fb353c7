"""API Gateway in front of one Lambda function: routes, request limits, CORS, the integration.

Limits: "Amazon API Gateway quotas" in its Developer Guide.
"""

from collections.abc import Mapping

from chalice.app import Chalice, RouteEntry

from local.http_answer import HttpAnswer, StreamedHttpAnswer, refusal
from local.integrations import Integration, too_large
from local.proxy_event import HttpRequest, Routes, binary_types, proxy_event

MAX_REQUEST_BYTES = 10 * 1024 * 1024


class ApiGateway:
    """Answers requests, each by the function's answer or by one of its own."""

    def __init__(self, app: Chalice, integration: Integration) -> None:
        """Take the app that knows the routes, and the way to the function."""
        self._integration = integration
        self._binary_types = binary_types(app)
        self._routes = Routes(app.routes)
        preflights = {resource: preflight(methods) for resource, methods in app.routes.items()}
        self._preflights = {resource: answer for resource, answer in preflights.items() if answer}
        self._preflight_routes = Routes(dict.fromkeys(self._preflights, ("OPTIONS",)))

    def answer(self, request: HttpRequest) -> HttpAnswer | StreamedHttpAnswer:
        match = self._routes.match(request.method, request.path)
        if match is None:
            return self._unrouted(request)
        if len(request.body) > MAX_REQUEST_BYTES:
            return refusal(413, request.request_id)
        event = proxy_event(request, match, self._binary_types)
        if too_large(event, len(request.body) + len(request.target)):
            return refusal(413, request.request_id)
        return self._integration.answer(request, event)

    def _unrouted(self, request: HttpRequest) -> HttpAnswer:
        match = self._preflight_routes.match(request.method, request.path)
        return self._preflights[match.resource] if match else refusal(403, request.request_id)


def preflight(methods: Mapping[str, RouteEntry]) -> HttpAnswer | None:
    """Return what the mock integration answers to OPTIONS, if Chalice deploys one.

    It does for a resource any of whose methods has CORS (chalice.deploy.swagger).
    """
    settings = {name: route.cors for name, route in methods.items() if route.cors}
    if not settings:
        return None
    config = next(reversed(settings.values()))
    headers = {
        "content-type": "application/json",
        "Access-Control-Allow-Methods": ",".join([*settings, "OPTIONS"]),
        **config.get_access_control_headers(),
    }
    return HttpAnswer(200, list(headers.items()), b"")
