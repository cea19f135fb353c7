"""One module a provider: one signed call, bytes in, bytes out."""
