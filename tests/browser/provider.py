"""A small OpenID Connect provider for tests: real metadata, keys, codes and signed ID tokens; whose token is wrong, and how, is said per user.

    with Provider({"anna": {"groups": ["port"]}, "late": {"exp": -60}}) as provider:
        provider.metadata_url

A number under `exp` or `iat` counts seconds from the moment of signing in.
"""

from __future__ import annotations

import html
import json
import secrets
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlencode, urlsplit

from joserfc import jwt
from joserfc.jwk import RSAKey

LIFE_S = 600


class Provider:
    """The provider, on a free port of this machine, until the end of the `with`. `signed_in` counts tokens, `signed_out` ends of sessions."""

    def __init__(self, users: dict[str, dict[str, object]]) -> None:
        self.users, self.key, self.codes, self.signed_in, self.signed_out = users, RSAKey.generate_key(2048, parameters={"kid": "1"}), {}, 0, 0
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"provider": self}))
        self.base = f"http://127.0.0.1:{self.server.server_port}"
        self.metadata_url = f"{self.base}/.well-known/openid-configuration"

    def __enter__(self) -> Provider:
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_error: object) -> None:
        self.server.shutdown()
        self.server.server_close()

    def token(self, user: str, client_id: str, nonce: str) -> str:
        now = int(time.time())
        claims = {"iss": self.base, "sub": user, "aud": client_id, "iat": 0, "exp": LIFE_S, "nonce": nonce, "name": "Not Kept", "email": "not.kept@example.org"} | self.users[user]
        return jwt.encode({"alg": "RS256", "kid": "1"}, claims | {"iat": now + claims["iat"], "exp": now + claims["exp"]}, self.key)


class _Handler(BaseHTTPRequestHandler):
    provider: Provider

    def do_GET(self) -> None:
        there, provider = urlsplit(self.path), self.provider
        asked = {name: values[-1] for name, values in parse_qs(there.query).items()}
        if there.path == "/.well-known/openid-configuration":
            self._json({
                "issuer": provider.base, "authorization_endpoint": f"{provider.base}/authorize", "token_endpoint": f"{provider.base}/token", "jwks_uri": f"{provider.base}/jwks",
                "end_session_endpoint": f"{provider.base}/logout", "id_token_signing_alg_values_supported": ["RS256"], "response_types_supported": ["code"], "subject_types_supported": ["public"],
            })  # fmt: skip
        elif there.path == "/jwks":
            self._json({"keys": [provider.key.as_dict(private=False)]})
        elif there.path == "/authorize":
            links = "".join(f'<li><a href="/as/{user}?{html.escape(there.query, quote=True)}">{html.escape(user)}</a></li>' for user in provider.users)
            self._answer(200, f"<title>Provider</title><h1>Who are you?</h1><ul>{links}</ul>".encode(), "text/html; charset=utf-8")
        elif there.path.startswith("/as/"):
            code = secrets.token_urlsafe(8)
            provider.codes[code] = there.path.removeprefix("/as/"), asked["client_id"], asked["nonce"]
            self._to(f"{asked['redirect_uri']}?{urlencode({'code': code, 'state': asked['state']})}")
        elif there.path == "/logout":
            provider.signed_out += 1
            self._to(asked["post_logout_redirect_uri"])
        else:
            self._answer(404, b"", "text/plain")

    def do_POST(self) -> None:
        form = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
        user, client_id, nonce = self.provider.codes.pop(form["code"][0])
        self.provider.signed_in += 1
        self._json({"access_token": secrets.token_urlsafe(8), "token_type": "Bearer", "expires_in": LIFE_S, "id_token": self.provider.token(user, client_id, nonce)})

    def _json(self, told: object) -> None:
        self._answer(200, json.dumps(told).encode(), "application/json")

    def _to(self, url: str) -> None:
        self.send_response(302)
        self.send_header("Location", url)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def _answer(self, status: int, body: bytes, kind: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_args: object) -> None:
        """Nothing is printed."""
