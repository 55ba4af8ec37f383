"""A small OpenID Connect provider for tests, run as a process of its own: ``python oidc_provider.py REDIRECT_URI``.

It prints its address. Its page asks for a name; names that begin with ``bad-`` get what a provider must not
say. Codes work once, for the client and the verifier that asked for them.
"""

import base64
import hashlib
import html
import json
import secrets
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar
from urllib.parse import parse_qs, parse_qsl, unquote, urlencode, urlsplit

from joserfc import jwt
from joserfc.jwk import RSAKey

CLIENT_ID, CLIENT_SECRET = "prunarium-tests", "a secret: with/odd+characters"
_KEY, _OTHER = (RSAKey.generate_key(2048, {"kid": name, "use": "sig", "alg": "RS256"}) for name in ("one", "two"))


class Provider(BaseHTTPRequestHandler):
    """One request."""

    issuer = ""
    redirect_uri = ""
    codes: ClassVar[dict[str, dict[str, str]]] = {}
    people: ClassVar[dict[str, str]] = {}  # access token -> name

    def do_GET(self) -> None:
        asked = {name: values[0] for name, values in parse_qs(urlsplit(self.path).query).items()}
        match urlsplit(self.path).path:
            case "/.well-known/openid-configuration":
                self._json(_metadata(self.issuer))
            case "/keys":
                self._json({"keys": [_KEY.as_dict(private=False)]})
            case "/authorize":
                self._authorize(asked)
            case "/me":
                token = self.headers.get("authorization", "").removeprefix("Bearer ")
                self._json({"sub": _subject(self.people[token]), "preferred_username": self.people[token]})
            case _:
                self._json({"error": "not found"}, 404)

    def do_POST(self) -> None:
        form = dict(parse_qsl(self.rfile.read(int(self.headers["content-length"])).decode()))
        if urlsplit(self.path).path == "/login":
            self._login(form)
        else:
            self._token(form)

    def _authorize(self, asked: dict[str, str]) -> None:
        good = (
            asked.get("client_id") == CLIENT_ID and asked.get("redirect_uri") == self.redirect_uri
            and asked.get("response_type") == "code" and "openid" in asked.get("scope", "")
            and asked.get("code_challenge_method") == "S256" and asked.get("code_challenge") and asked.get("nonce")
        )  # fmt: skip
        if not good:
            self._json({"error": "invalid_request"}, 400)
            return
        hidden = "".join(
            f'<input type="hidden" name="{name}" value="{html.escape(value)}">' for name, value in asked.items()
        )
        field = '<label>Name <input name="name"></label><button>Go on</button>'
        head = '<title>Provider</title><link rel="icon" href="data:,">'
        page = f'{head}<form method="post" action="/login">{hidden}{field}</form>'
        self._send(200, "text/html", page.encode())

    def _login(self, form: dict[str, str]) -> None:
        answer = {"state": form["state"], "iss": self.issuer}
        if form["name"] == "nobody":
            answer["error"] = "access_denied"
        else:
            answer["code"] = secrets.token_urlsafe()
            self.codes[answer["code"]] = form
        self.send_response(302)
        self.send_header("Location", f"{form['redirect_uri']}?{urlencode(answer)}")
        self.end_headers()

    def _token(self, form: dict[str, str]) -> None:
        asked = self.codes.pop(form.get("code", ""), None)
        scheme, _, sent = self.headers.get("authorization", "").partition(" ")
        client = [unquote(part) for part in base64.b64decode(sent).decode().split(":", 1)] if scheme == "Basic" else []
        challenge = base64.urlsafe_b64encode(hashlib.sha256(form.get("code_verifier", "").encode()).digest())
        if client != [CLIENT_ID, CLIENT_SECRET]:
            self._json({"error": "invalid_client"}, 401)
        elif (
            asked is None
            or challenge.decode().rstrip("=") != asked["code_challenge"]
            or form["redirect_uri"] != self.redirect_uri
        ):
            self._json({"error": "invalid_grant"}, 400)
        else:
            access = secrets.token_urlsafe()
            self.people[access] = asked["name"]
            said = _id_token(self.issuer, asked["name"], asked["nonce"], access)
            self._json({"access_token": access, "token_type": "Bearer", "expires_in": 60, "id_token": said})

    def _json(self, value: Any, status: int = 200) -> None:
        self._send(status, "application/json", json.dumps(value).encode())

    def _send(self, status: int, kind: str, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        pass


def _metadata(issuer: str) -> dict[str, Any]:
    return {
        "issuer": issuer,
        "authorization_endpoint": f"{issuer}/authorize",
        "token_endpoint": f"{issuer}/token",
        "jwks_uri": f"{issuer}/keys",
        "userinfo_endpoint": f"{issuer}/me",
        "response_types_supported": ["code"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256"],
    }


def _subject(name: str) -> str:
    return hashlib.sha256(name.encode()).hexdigest()[:16]


def _id_token(issuer: str, name: str, nonce: str, access: str) -> str:
    half = hashlib.sha256(access.encode()).digest()[:16]
    now = int(time.time())
    claims: dict[str, Any] = {
        "iss": issuer, "aud": CLIENT_ID, "sub": _subject(name), "iat": now, "exp": now + 60, "nonce": nonce,
        "name": name.capitalize(), "at_hash": base64.urlsafe_b64encode(half).decode().rstrip("="),
    }  # fmt: skip
    changed: dict[str, dict[str, Any]] = {
        "bad-nonce": {"nonce": "another"}, "bad-issuer": {"iss": "https://evil.example"},
        "bad-hash": {"at_hash": "AAAA"},
        "bad-audience": {"aud": "another"}, "bad-expiry": {"iat": now - 900, "exp": now - 600},
        "bad-sub": {"sub": None},
    }  # fmt: skip
    claims |= changed.get(name, {})
    claims = {key: value for key, value in claims.items() if value is not None}
    if name == "bad-algorithm":
        parts = ({"alg": "none"}, claims)
        return (
            ".".join(base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in parts) + "."
        )
    return jwt.encode({"alg": "RS256", "kid": "one"}, claims, _OTHER if name == "bad-key" else _KEY)


@contextmanager
def running_provider(redirect_uri: str) -> Iterator[str]:
    """The issuer's address of a provider in another process, while the block lasts."""
    process = subprocess.Popen([sys.executable, __file__, redirect_uri], stdout=subprocess.PIPE, text=True)
    try:
        if process.stdout is None:
            raise RuntimeError("the provider has no output")
        yield process.stdout.readline().strip()
    finally:
        process.terminate()
        process.communicate(timeout=10)


def main(redirect_uri: str) -> None:
    """Serve until stopped."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Provider)
    Provider.issuer, Provider.redirect_uri = f"http://127.0.0.1:{server.server_port}", redirect_uri
    sys.stdout.write(f"{Provider.issuer}\n")
    sys.stdout.flush()
    server.serve_forever()


if __name__ == "__main__":
    main(sys.argv[1])
