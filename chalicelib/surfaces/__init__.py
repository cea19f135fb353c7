"""What clients speak: each translates a request, calls the router, and translates the answer."""
