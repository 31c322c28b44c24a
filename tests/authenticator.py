"""A device that makes passkeys and signs with them, as a browser hands its answers on (WebAuthn level 3)."""

import hashlib
import json
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass, field
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from webauthn.helpers.encode_cbor import encode_cbor

PRESENT, VERIFIED, NEW = 0x01, 0x04, 0x40


def text(raw: bytes) -> str:
    return urlsafe_b64encode(raw).decode().rstrip("=")


def raw(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))


@dataclass
class Device:
    """One key, for one site. What it answers can be bent by naming what is to be different."""

    origin: str
    counts: bool = True
    count: int = 0
    id: bytes = field(default_factory=lambda: secrets.token_bytes(32))
    handle: str = ""
    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))

    def create(self, options: str, **bent: Any) -> str:
        """Makes the key that was asked for; what the browser sends."""
        asked = json.loads(options)
        self.handle = asked["user"]["id"]
        numbers = self.key.public_key().public_numbers()
        x, y = numbers.x.to_bytes(32, "big"), numbers.y.to_bytes(32, "big")
        public = encode_cbor(bent.get("public", {1: 2, 3: -7, -1: 1, -2: x, -3: y}))
        made = bytes(16) + len(self.id).to_bytes(2, "big") + self.id + public
        flags = bent.get("flags", PRESENT | VERIFIED) | NEW
        data = self._data(bent.get("site", asked["rp"]["id"]), flags) + made
        attestation = encode_cbor({"fmt": "none", "attStmt": {}, "authData": data})
        said = self._said("webauthn.create", asked["challenge"], bent)
        return self._answer(clientDataJSON=said, attestationObject=attestation)

    def get(self, options: str, **bent: Any) -> str:
        """Signs the challenge; what the browser sends."""
        asked = json.loads(options)
        self.count = bent.get("count", self.count + self.counts)
        data = self._data(bent.get("site", asked["rpId"]), bent.get("flags", PRESENT | VERIFIED))
        said = self._said("webauthn.get", asked["challenge"], bent)
        signature = self.key.sign(data + hashlib.sha256(said).digest(), ec.ECDSA(SHA256()))
        handle = raw(bent.get("handle", self.handle))
        return self._answer(
            clientDataJSON=said, authenticatorData=data, signature=signature, userHandle=handle
        )

    def _data(self, site: str, flags: int) -> bytes:
        return hashlib.sha256(site.encode()).digest() + bytes([flags]) + self.count.to_bytes(4, "big")

    def _said(self, kind: str, challenge: str, bent: dict[str, Any]) -> bytes:
        said = {"type": kind, "challenge": bent.get("challenge", challenge)}
        return json.dumps({**said, "origin": bent.get("origin", self.origin), "crossOrigin": False}).encode()

    def _answer(self, **response: bytes) -> str:
        name = text(self.id)
        parts = {part: text(value) for part, value in response.items()}
        return json.dumps({"id": name, "rawId": name, "type": "public-key", "response": parts})
