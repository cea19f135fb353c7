"""Tenants and their keys: who calls, and which models they may use."""

from chalicelib.tenants.authenticator import Authenticator
from chalicelib.tenants.nouns import ApiKey, Identity, Tenant

__all__ = ["ApiKey", "Authenticator", "Identity", "Tenant"]
