"""The form of a key: `tg_<key id>_<secret>_<checksum>`, 76 characters that say nothing of a team.

The key id names the key everywhere (tables, records, reports); it is no secret. The secret is 256
random bits. The checksum is the CRC-32 of all that precedes it, so that a typing error or noise is
refused without a look-up: a CRC-32 differs for certain where all changed bits lie within 32.
"""

import base64
import hashlib
import re
import secrets
import zlib
from collections.abc import Callable
from typing import Final

KEY_LENGTH: Final = 76
KEY_ID: Final = re.compile(r"[a-z2-7]{12}")
_KEY: Final = re.compile(r"tg_([a-z2-7]{12})_[a-z2-7]{52}_([a-z2-7]{7})")
_CHECKSUM_LENGTH: Final = 7


def new_key(random_bytes: Callable[[int], bytes] = secrets.token_bytes) -> tuple[str, str]:
    """Make a key; return its id, and the key: show it once, and store only its `key_hash`."""
    key_id = _base32(random_bytes(8))[:12]
    body = f"tg_{key_id}_{_base32(random_bytes(32))}"
    return key_id, f"{body}_{_checksum(body)}"


def key_id_of(key: str) -> str | None:
    """Return the id within a well-formed key, or None where the form or the checksum is wrong."""
    match = _KEY.fullmatch(key)
    if match is None or match[2] != _checksum(key[: -_CHECKSUM_LENGTH - 1]):
        return None
    return match[1]


def key_hash(key: str) -> bytes:
    """Return the SHA-256 of the whole key (32 bytes). A 256-bit secret needs no slow hash."""
    return hashlib.sha256(key.encode("ascii")).digest()


def _checksum(body: str) -> str:
    return _base32(zlib.crc32(body.encode("ascii")).to_bytes(4, "big"))


def _base32(data: bytes) -> str:
    return base64.b32encode(data).decode("ascii").rstrip("=").lower()
