"""The web side of exports: ROUTES for the server. A file is made in a folder of its own, streamed, and removed with it."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

from dashboard import store
from dashboard.access import asking, audit, refusals
from dashboard.access.viewer import REASONS, AccessError
from dashboard.exports.files import make, told
from dashboard.exports.links import PREFIX, take
from dashboard.exports.papers import PAPERS, PaperOrder
from etl.errors import SmartportError

_TYPES = {
    "zip": "application/zip", "csv": "text/csv; charset=utf-8", "about": "text/markdown; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "parquet": "application/vnd.apache.parquet", **PAPERS,
}  # fmt: skip
_HEADERS = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff", "Content-Security-Policy": "default-src 'none'; sandbox"}  # a file, never a page
_CHUNK = 1 << 18


def export(request: Request) -> Response:
    """Make and stream what a one-time link stands for. A plain function: Starlette runs it in a thread, so the pages go on meanwhile."""
    if request.method != "GET":  # who only looks at a link does not use it up
        return PlainTextResponse("This link is for fetching.\n", 405, _HEADERS | {"Allow": "GET"})
    try:
        found = take(request.path_params["token"])
    except AccessError as error:
        if asking.is_on():
            refusals.note(store.settings(), asking.subject(), "export", error.reason)
        return PlainTextResponse(f"{REASONS[error.reason].format(**error.values)}\n", 403, _HEADERS)
    if found is None:
        return PlainTextResponse("This link has been used or is too old. Reload the page and try again.\n", 410, _HEADERS)
    form, order = found
    folder = Path(tempfile.mkdtemp(prefix="smartport-export-"))
    try:
        path = order.write(form, folder) if isinstance(order, PaperOrder) else make(order, form, folder)
        if asking.is_on():  # a file whose taking cannot be written down is not given
            audit.record("export", asking.subject(), settings=store.settings(), port=order.port or None, what=order.stem if isinstance(order, PaperOrder) else order.detail or order.name, form=form, **({} if isinstance(order, PaperOrder) else told(order)))
    except SmartportError as error:
        shutil.rmtree(folder, ignore_errors=True)
        return PlainTextResponse(f"{error}\n", 410, _HEADERS)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    headers = _HEADERS | {"Content-Disposition": f'attachment; filename="{path.name}"', "Content-Length": str(path.stat().st_size)}
    return StreamingResponse(_read(path, folder), headers=headers, media_type=_TYPES[form], background=BackgroundTask(shutil.rmtree, folder, True))


def _read(path: Path, folder: Path) -> Iterator[bytes]:
    try:
        with path.open("rb") as file:
            while chunk := file.read(_CHUNK):
                yield chunk
    finally:  # also when the reader goes away half-way, and no background task is run
        shutil.rmtree(folder, ignore_errors=True)


ROUTES = (Route(PREFIX + "/{token}/{name}", export, methods=["GET"]),)
