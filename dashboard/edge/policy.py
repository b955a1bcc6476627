"""What a browser is told about our pages: which scripts may run, who may frame them, what they may not ask of the device. Hashes are computed from the texts themselves, never typed."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterable
from pathlib import Path

NONE = "'none'"
POLICY = b"content-security-policy"
_INLINE = re.compile(r"<script>(.*?)</script>", re.DOTALL)


def inline_scripts(page: Path) -> tuple[str, ...]:
    """Return the inline scripts of Streamlit's one page, as installed. Raises ValueError when it has none: then this rule no longer reads it."""
    found = tuple(_INLINE.findall(page.read_text("utf-8")))
    if not found:
        raise ValueError(f"{page}: no inline script found, where one was expected")
    return found


def hashed(script: str) -> str:
    """Return the source expression that allows exactly this text."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(script.encode('utf-8')).digest()).decode('ascii')}'"


def content_policy(scripts: Iterable[str]) -> str:
    """Return the Content-Security-Policy of the pages, without frame-ancestors. `scripts` are the inline scripts that may run.

    Maps decode in WebAssembly and draw in workers made of blobs; our base map is a data address; Streamlit and Plotly write styles into elements.
    """
    return "; ".join((
        "default-src 'self'", f"script-src 'self' 'wasm-unsafe-eval' {' '.join(map(hashed, scripts))}", "worker-src 'self' blob:", "style-src 'self' 'unsafe-inline'", "img-src 'self' data: blob:",
        "font-src 'self' data:", "connect-src 'self' data: blob:", "frame-src 'none'", "media-src 'none'", "object-src 'none'", "base-uri 'none'", "form-action 'self'",
    ))  # fmt: skip


def headers(scripts: Iterable[str], frame_ancestors: str = NONE) -> dict[bytes, bytes]:
    """Return what every answer carries, unless the answer says its own. `frame_ancestors` as in the policy: 'none', or the sites that may show the pages in a frame."""
    found = {
        "content-security-policy": content_policy(scripts), "x-content-type-options": "nosniff", "referrer-policy": "same-origin",
        "permissions-policy": "accelerometer=(), camera=(), display-capture=(), geolocation=(), gyroscope=(), magnetometer=(), microphone=(), midi=(), payment=(), usb=()",
        "cross-origin-opener-policy": "same-origin", "cross-origin-resource-policy": "same-origin",
    }  # fmt: skip
    if frame_ancestors == NONE:
        found["x-frame-options"] = "DENY"  # what browsers without frame-ancestors know
    return {name.encode(): value.encode() for name, value in found.items()}
