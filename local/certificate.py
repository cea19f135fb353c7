"""A certificate for 127.0.0.1 and localhost, by a certificate authority made for the occasion."""

from dataclasses import dataclass
from pathlib import Path

import trustme


@dataclass(frozen=True, slots=True)
class Certificate:
    """Files in PEM: the authority, for clients to trust, and the server's own with its key."""

    ca: Path
    server: Path


def issue(folder: Path) -> Certificate:
    """Make a new authority and a certificate by it. Whoever trusted the old one must trust it."""
    certificate = Certificate(folder / "ca.pem", folder / "server.pem")
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(certificate.ca))
    issued = authority.issue_cert("127.0.0.1", "localhost")
    certificate.server.touch(mode=0o600)
    issued.private_key_and_cert_chain_pem.write_to_path(str(certificate.server))
    return certificate
