"""The HTTP interface in OpenAPI 3.1: the app's own routes, with what they take and answer."""
