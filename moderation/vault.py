"""Secrets that must be read again, sealed with keys made of SECRET_KEYS. The only import of cryptography."""

import binascii
import os
from base64 import urlsafe_b64decode, urlsafe_b64encode

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

NONCE_BYTES = 12


class Unopened(Exception):
    """Not sealed here, not about this, or with a key that is gone."""


class Vault:
    def __init__(self, keys: list[str]) -> None:
        """`keys` newest first, as SECRET_KEYS has them: the newest seals, any opens."""
        if not keys or not all(keys):
            raise ValueError("no key")
        self._ciphers = [AESGCM(_derived(key)) for key in keys]

    def seal(self, secret: str, about: str) -> str:
        """AES-256-GCM; opens only for the same `about`, so that one row’s secret is of no use in another."""
        nonce = os.urandom(NONCE_BYTES)
        sealed = self._ciphers[0].encrypt(nonce, secret.encode(), about.encode())
        return urlsafe_b64encode(nonce + sealed).decode().rstrip("=")

    def open(self, sealed: str, about: str) -> str:
        """Raises Unopened."""
        try:
            raw = urlsafe_b64decode(sealed + "=" * (-len(sealed) % 4))
        except (binascii.Error, ValueError):
            raise Unopened from None
        if len(raw) <= NONCE_BYTES:
            raise Unopened
        for cipher in self._ciphers:
            try:
                return cipher.decrypt(raw[:NONCE_BYTES], raw[NONCE_BYTES:], about.encode()).decode()
            except InvalidTag:
                continue
        raise Unopened


def _derived(key: str) -> bytes:
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=b"moderation/v1/vault").derive(key.encode())
