"""Signing in with an OpenID Connect provider: the authorization code flow with PKCE, state and nonce.

What the browser brings back is believed only with the cookie that went out with it, and what the provider says only
with its signature. Sources: OpenID Connect Core 1.0 §3.1, RFC 7636 (PKCE), RFC 9207 (the issuer in the answer),
RFC 9700.
"""

import hmac
import json
import secrets
import time
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from threading import Lock
from typing import Any, Final

import httpx
from authlib.common.errors import AuthlibBaseError
from authlib.integrations.httpx_client import OAuth2Client
from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from registry.server_address import ServerAddress

from .errors import SignInFailedError
from .providers import Provider

_SIGNATURES: Final = ["RS256", "PS256", "ES256", "ES384", "EdDSA", "Ed25519"]  # public keys only, never "none"
_KEPT_SECONDS: Final = 3600.0
_TIMEOUT_SECONDS: Final = 10.0
_LEEWAY_SECONDS: Final = 60
_ENDPOINTS: Final = ("authorization_endpoint", "token_endpoint", "jwks_uri")
_AGAIN: Final = "Begin again on the page for signing in."


@dataclass(frozen=True)
class Attempt:
    """What the browser keeps between leaving for the provider and coming back; ``then`` is where it goes on."""

    provider: str
    state: str
    nonce: str = field(repr=False)
    verifier: str = field(repr=False)
    then: str

    def packed(self) -> str:
        """For a cookie. It is not signed: who changes his own cookie only spoils his own attempt."""
        return urlsafe_b64encode(json.dumps(asdict(self)).encode()).decode().rstrip("=")

    @classmethod
    def unpacked(cls, cookie: str) -> "Attempt | None":
        """The attempt of a cookie, if it holds one."""
        try:
            values = json.loads(urlsafe_b64decode(cookie + "=" * (-len(cookie) % 4)))
            made = cls(**values)
        except (ValueError, TypeError):
            return None
        return made if all(isinstance(value, str) for value in asdict(made).values()) else None


@dataclass(frozen=True)
class Known:
    """Whom a provider vouches for: ``subject`` never changes, the names are what he calls himself."""

    issuer: str
    subject: str
    username: str | None
    full_name: str | None


class OpenIdClient:
    """Talks to one provider; its addresses and keys are asked for once an hour. Safe to share between threads."""

    def __init__(self, provider: Provider, redirect_uri: str) -> None:
        self.provider = provider
        self._redirect_uri = redirect_uri
        self._lock = Lock()
        self._held: tuple[float, dict[str, Any]] | None = None

    def begin(self, then: str) -> tuple[str, Attempt]:
        """Where to send the browser, and what it keeps. Raises :class:`~leaderboard.errors.SignInFailedError`."""
        attempt = Attempt(
            self.provider.name, secrets.token_urlsafe(24), secrets.token_urlsafe(24), secrets.token_urlsafe(48), then
        )
        endpoint = self._metadata()["authorization_endpoint"]
        with self._client() as client:
            address, _ = client.create_authorization_url(
                endpoint, state=attempt.state, nonce=attempt.nonce, code_verifier=attempt.verifier
            )
        return str(address), attempt

    def finish(self, attempt: Attempt | None, answer: Mapping[str, str]) -> Known:
        """Whom the provider vouches for. Raises :class:`~leaderboard.errors.SignInFailedError` for anything amiss."""
        title = self.provider.title
        if attempt is None or attempt.provider != self.provider.name:
            raise SignInFailedError("This browser did not begin to sign in here, or more than ten minutes ago.", _AGAIN)
        if not hmac.compare_digest(attempt.state.encode(), answer.get("state", "").encode()):
            raise SignInFailedError("The answer belongs to another attempt to sign in.", _AGAIN)
        if answer.get("iss", self.provider.issuer) != self.provider.issuer:
            raise SignInFailedError(f"The answer is not from {title}.", _AGAIN)
        if "error" in answer:
            raise SignInFailedError(f"{title} did not sign you in: {answer['error'][:100]}.", _AGAIN)
        if not answer.get("code"):
            raise SignInFailedError(f"The answer of {title} holds no code.", _AGAIN)
        return self._known(attempt, answer["code"])

    def _known(self, attempt: Attempt, code: str) -> Known:
        metadata = self._metadata()
        try:
            with self._client() as client:
                token = client.fetch_token(
                    metadata["token_endpoint"],
                    code=code,
                    code_verifier=attempt.verifier,
                    grant_type="authorization_code",
                )
            claims = self._claims(token, attempt.nonce, metadata)
            if "preferred_username" not in claims and metadata.get("userinfo_endpoint"):
                claims |= self._userinfo(metadata["userinfo_endpoint"], token["access_token"], claims["sub"])
        except (httpx.HTTPError, AuthlibBaseError, JoseError, ValueError, KeyError) as error:
            raise SignInFailedError(f"{self.provider.title} did not sign you in: {_reason(error)}.", _AGAIN) from error
        return Known(self.provider.issuer, str(claims["sub"]), claims.get("preferred_username"), claims.get("name"))

    def _claims(self, token: Mapping[str, Any], nonce: str, metadata: Mapping[str, Any]) -> dict[str, Any]:
        """What the signed ID token says, after every check of §3.1.3.7."""
        decoded = jwt.decode(token["id_token"], self._keys(metadata), algorithms=_SIGNATURES)
        claims = CodeIDToken(
            decoded.claims,
            decoded.header,
            options={"iss": {"values": [self.provider.issuer]}, "aud": {"values": [self.provider.client_id]}},
            params={"nonce": nonce, "client_id": self.provider.client_id, "access_token": token.get("access_token")},
        )
        claims.validate(leeway=_LEEWAY_SECONDS)
        return dict(decoded.claims)

    def _userinfo(self, endpoint: str, token: str, subject: str) -> dict[str, Any]:
        said = self._fetched(endpoint, {"Authorization": f"Bearer {token}"})
        return said if said.get("sub") == subject else {}

    def _keys(self, metadata: Mapping[str, Any]) -> KeySet:
        # Asked for each time: a key that the provider took back is not believed for another hour.
        return KeySet.import_key_set(self._fetched(metadata["jwks_uri"]))  # type: ignore[arg-type]

    def _metadata(self) -> dict[str, Any]:
        with self._lock:
            if self._held is None or time.monotonic() - self._held[0] > _KEPT_SECONDS:
                self._held = time.monotonic(), self._discovered()
            return self._held[1]

    def _discovered(self) -> dict[str, Any]:
        provider = self.provider
        found = self._fetched(f"{provider.issuer.rstrip('/')}/.well-known/openid-configuration")
        if found.get("issuer") != provider.issuer:
            raise SignInFailedError(
                f"{provider.title} calls itself {found.get('issuer')!r}.", "The server's settings say otherwise."
            )
        for name in _ENDPOINTS:
            if not ServerAddress.parse(str(found.get(name))).keeps_secrets:
                raise SignInFailedError(f"The {name} of {provider.title} is not reached by https.")
        return found

    def _fetched(self, address: str, headers: Mapping[str, str] | None = None) -> dict[str, Any]:
        try:
            answer = httpx.get(address, headers=headers, timeout=_TIMEOUT_SECONDS)
            answer.raise_for_status()
            found = answer.json()
        except (httpx.HTTPError, ValueError) as error:
            raise SignInFailedError(
                f"{self.provider.title} cannot be reached: {_reason(error)}.", "Try again later."
            ) from error
        if not isinstance(found, dict):
            raise SignInFailedError(f"{self.provider.title} answers with something else than its settings.")
        return found

    def _client(self) -> OAuth2Client:
        provider = self.provider
        return OAuth2Client(
            client_id=provider.client_id,
            client_secret=provider.client_secret,
            token_endpoint_auth_method="client_secret_basic" if provider.client_secret else "none",
            scope="openid profile",
            redirect_uri=self._redirect_uri,
            code_challenge_method="S256",
            timeout=_TIMEOUT_SECONDS,
        )


def _reason(error: Exception) -> str:
    return str(error).splitlines()[0][:200].rstrip(".") if str(error) else type(error).__name__
