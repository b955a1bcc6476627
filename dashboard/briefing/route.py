"""The web side of briefings: ROUTES for the server. A briefing shown in a meeting room is its one-page HTML, opened as slides; its address is the page's own."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from dashboard import store
from dashboard.access import asking, refusals
from dashboard.access.viewer import REASONS, AccessError
from dashboard.i18n import language
from dashboard.selection import Selection
from etl.errors import SmartportError

ADDRESS = "/briefing/show"
_HEADERS = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer"}


def show(request: Request) -> Response:
    """Answer with the slides of `?part=PRESET&lang=..` and the filters of the pages. A plain function: Starlette runs it in a thread."""
    from dashboard.briefing import web  # maps and words of papers: no page waits for them
    from dashboard.briefing.presets import PRESETS

    query = dict(request.query_params)
    preset = query.pop("part", next(iter(PRESETS)))
    lang = language(query.pop("lang", None)).code
    asked, port = query.pop("port", None), None
    try:
        port = store.of(asked if asked in store.ports() else None)
        selection, notes = Selection.from_query(query, port.port_code, port.build().now_day, port.known())
        if foreign := [note.value for note in notes if note.name == "terminal" and note.value in port.terminals() and note.value not in port.known()["terminal"]]:
            raise AccessError("terminal", terminal=foreign[0], **port.viewer().said())
        made = web.briefing(port, selection, preset=preset, lang=lang, is_shown=True)
    except AccessError as error:
        if asking.is_on():
            refusals.note(store.settings(), asking.subject(), "briefing", error.reason, port=port.port_code if port else "")
        return PlainTextResponse(f"{REASONS[error.reason].format(**error.values)}\n", 403, {"X-Content-Type-Options": "nosniff"})
    except SmartportError as error:
        return PlainTextResponse(f"{error}\n", 404, {"X-Content-Type-Options": "nosniff"})
    return Response(made.html, media_type="text/html; charset=utf-8", headers=_HEADERS | {"Content-Security-Policy": web.POLICY})


ROUTES = (Route(ADDRESS, show, methods=["GET"]),)
