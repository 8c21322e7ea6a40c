"""App: the pages of a lake: a list of documents, one document, what its page looked like, and the marks beside a
recipe's rules. All are made here, in HTML that needs no script."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, fields, replace
from datetime import UTC, datetime
from functools import cached_property
from typing import Any
from urllib.parse import parse_qs, urlencode

import numpy as np
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from corpus.lake.store import Lake
from corpus.lineage.records import Records
from headwater.terminal import one_line, printable
from headwater.tracing.page_search import is_doc_id
from headwater.tracing.readings import OpenShards
from headwater.viewing.access import crawled_page_headers
from headwater.viewing.agreement import judge_recipe
from headwater.viewing.catalog import read_catalog
from headwater.viewing.document import lay_out_document, read_document
from headwater.viewing.document_search import PER_PAGE, DocumentSearch, Query
from headwater.viewing.labels import MAX_NOTE, Label, labels_path, read_labels, remove_label, set_label
from headwater.viewing.snapshot import Snapshot
from recipes.files import recipe_names

MAX_BODY = 16 << 10  # bytes of a posted mark with its note
QUESTIONS = tuple(field.name for field in fields(Query))


class Viewer:
    """What the pages show: a lake, as it was when this was made."""

    def __init__(self, lake: Lake) -> None:
        """Raises FileNotFoundError where the lake has no documents, OSError naming a file that cannot be read."""
        self.lake = Snapshot(lake)
        self.records = Records(self.lake)
        self.shards = OpenShards(self.lake)
        self.catalog = read_catalog(self.lake, self.records)
        self.search = DocumentSearch(self.lake, self.catalog)

    @property
    def recipe(self) -> str | None:
        return self.lake.recipe

    @cached_property
    def choices(self) -> dict[str, Mapping[str, int]]:
        """What can be chosen of each kind, and how many records that has."""
        rules = {name: len(rows) for name, rows in self.catalog.rules.items()}
        return {
            "outcome": self.catalog.outcome.counts(),
            "rule": dict(sorted(rules.items(), key=lambda pair: (-pair[1], pair[0]))),
            "language": self.catalog.language.counts(),
        }


def make_app(viewer: Viewer) -> Starlette:
    """Without protection: see headwater.viewing.access."""
    pages = _Pages(viewer)
    routes = [
        Route("/", pages.list_documents),
        Route("/document/{doc_id}", pages.show_document),
        Route("/document/{doc_id}", pages.mark_document, methods=["POST"]),
        Route("/document/{doc_id}/page", pages.show_crawled_page),
        Route("/labels", pages.show_labels),
        Route("/style.css", pages.show_style),
    ]
    handlers: Any = {HTTPException: pages.show_error, ValueError: pages.show_error, OSError: pages.show_error}
    return Starlette(routes=routes, exception_handlers=handlers)


class _Pages:
    def __init__(self, viewer: Viewer) -> None:
        self._viewer = viewer
        loader = PackageLoader("headwater.viewing", "templates")
        self._templates = Environment(
            loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
        )
        self._templates.filters |= {"line": _line, "lines": printable, "number": _number}
        self._style, self._page_style = (
            loader.get_source(self._templates, name)[0] for name in ("style.css", "crawled_page.css")
        )

    def list_documents(self, request: Request) -> Response:
        viewer, query = self._viewer, _query(request)
        labels = read_labels(viewer.lake)
        problem, rows = "", np.empty(0, np.int64)
        try:
            rows = viewer.search.find(query, labels)
        except ValueError as error:  # words that cannot be parsed
            problem = str(error)
        last = max(1, -(-len(rows) // PER_PAGE))
        page = min(last, _positive(request.query_params.get("page", "1"), 1))
        first = (page - 1) * PER_PAGE
        listed = viewer.search.show(rows[first : first + PER_PAGE].tolist(), query.words)
        return self._render(
            "list.html",
            400 if problem else 200,
            query=query,
            problem=problem,
            total=len(rows),
            first=first,
            listed=listed,
            labels=labels,
            page=page,
            last=last,
            link=lambda number: f"/?{_encode(query, page=number)}",
            to_document=lambda doc_id, place: f"/document/{doc_id}?{_encode(query, at=place)}",
        )

    def show_document(self, request: Request) -> Response:
        viewer, doc_id, query = self._viewer, _doc_id(request), _query(request)
        document = read_document(viewer.lake, viewer.records, viewer.shards, viewer.catalog, doc_id)
        if document is None:
            raise HTTPException(404, f"There is no record {doc_id} in the lake.")
        labels = read_labels(viewer.lake)
        return self._render(
            "document.html",
            document=document,
            doc_id=doc_id,
            label=labels.get(doc_id),
            max_note=MAX_NOTE,
            action=f"/document/{doc_id}?{request.url.query}",
            **self._neighbours(request, query, labels, doc_id),
        )

    def _neighbours(self, request: Request, query: Query, labels: Mapping[str, Label], doc_id: str) -> dict[str, Any]:
        """Where the list is that the document was opened from, and those before and after it there."""
        if "at" not in request.query_params:
            return {"back": "/", "previous": None, "next": None}
        place, catalog = _positive(request.query_params["at"], 0), self._viewer.catalog
        try:
            rows = self._viewer.search.find(query, labels).tolist()
        except ValueError:
            rows = []
        is_there = place < len(rows) and rows[place] == catalog.find(bytes.fromhex(doc_id))

        def link(at: int) -> str | None:
            if not 0 <= at < len(rows):
                return None
            return f"/document/{catalog.doc_ids[rows[at]].as_py().hex()}?{_encode(query, at=at)}"

        back = f"/?{_encode(query, page=place // PER_PAGE + 1)}"
        return {"back": back, "previous": link(place - 1), "next": link(place + is_there)}  # a mark may have moved it

    async def mark_document(self, request: Request) -> Response:
        body = b""
        async for chunk in request.stream():
            body += chunk
            if len(body) > MAX_BODY:
                raise HTTPException(413, f"A mark with its note has at most {MAX_BODY:,} bytes.")
        given = {name: values[0] for name, values in parse_qs(body.decode(errors="replace")).items()}
        await run_in_threadpool(self._mark, _doc_id(request), given.get("mark", ""), given.get("note", ""))
        return RedirectResponse(f"{request.url.path}?{request.url.query}", 303)

    def _mark(self, doc_id: str, mark: str, note: str) -> None:
        row = self._viewer.catalog.find(bytes.fromhex(doc_id))
        if row is None:
            raise HTTPException(404, f"There is no record {doc_id} in the lake.")
        if mark == "none":
            remove_label(self._viewer.lake, doc_id)
            return
        time = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        url = self._viewer.catalog.urls[row].as_py()
        set_label(self._viewer.lake, Label(doc_id=doc_id, mark=mark, url=url, time=time, note=note.strip()))

    def show_crawled_page(self, request: Request) -> Response:
        """In a frame of its own, with no cookie, no script and nothing to load."""
        status = 200
        try:
            found = lay_out_document(self._viewer.lake, self._viewer.records, _doc_id(request))
            if found is None:
                raise HTTPException(404, "There is no such record in the lake.")
            body = Markup(found)  # sanitised
        except ValueError as error:
            status, body = 422, Markup("<p>{}</p>").format(one_line(str(error)))
        style = Markup(self._page_style)
        html = self._templates.get_template("crawled_page.html").render(style=style, body=body)
        return HTMLResponse(html, status, crawled_page_headers(self._page_style))

    def show_labels(self, request: Request) -> Response:
        lake, names = self._viewer.lake, recipe_names(self._viewer.lake)
        chosen = request.query_params.get("rules") or self._viewer.recipe or names[0]
        agreement = judge_recipe(lake, chosen) if read_labels(lake) else None
        return self._render("labels.html", agreement=agreement, chosen=chosen, names=names, path=labels_path(lake))

    def show_style(self, request: Request) -> Response:
        return Response(self._style, media_type="text/css")

    def show_error(self, request: Request, error: Exception) -> Response:
        """Of a URL that is none, a mark that cannot be, a file that cannot be read."""
        if isinstance(error, HTTPException):
            return self._render("error.html", error.status_code, message=error.detail)
        return self._render("error.html", 400 if isinstance(error, ValueError) else 500, message=str(error))

    def _render(self, template: str, status: int = 200, **values: Any) -> HTMLResponse:
        viewer = self._viewer
        shared = {"lake": viewer.lake.url, "recipe": viewer.recipe, "choices": viewer.choices}
        return HTMLResponse(self._templates.get_template(template).render(**shared, **values), status)


def _query(request: Request) -> Query:
    given = {name: request.query_params[name] for name in QUESTIONS if name in request.query_params}
    return replace(Query(), **given)


def _encode(query: Query, **more: int) -> str:
    return urlencode({**{name: value for name, value in asdict(query).items() if value}, **more})


def _doc_id(request: Request) -> str:
    doc_id: str = request.path_params["doc_id"]
    if not is_doc_id(doc_id):
        raise HTTPException(404, f"{doc_id!r} is no doc_id: it has 32 hex digits.")
    return doc_id


def _positive(text: str, least: int) -> int:
    return max(least, int(text)) if text.isascii() and text.isdigit() and len(text) < 10 else least


def _line(text: str | None) -> str:
    """What a page wrote, in one line, without characters that turn or hide what stands beside them."""
    return one_line(text or "")


def _number(value: float | None) -> str:
    if value is None:
        return ""
    return f"{value:,.0f}" if float(value).is_integer() else f"{value:,.4g}"
