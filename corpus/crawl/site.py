"""Site: rendered pages as a web site on loopback, with robots.txt, an index, and the same answers every time."""

from __future__ import annotations

import html
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from corpus.crawl.render import Pages

LOOPBACK = "127.0.0.1"
ROBOTS = b"User-agent: *\nDisallow: /private/\n"
HTML = "text/html; charset=utf-8"


def site_files(name: str, pages: Pages) -> dict[str, tuple[str, bytes]]:
    """Path -> (content type, body) of the whole site.

    `/` links every top-level module, /skipped.html and /private/, which exists but is disallowed by robots.txt.
    """
    files = {f"/{module}.html": (HTML, page) for module, page in pages.html.items()}
    top = sorted(module for module in pages.html if module.partition(".")[0] == module)
    orphans = sorted(module for module in pages.html if module.rpartition(".")[0] not in pages.html)
    links = [f'<li><a href="{module}.html">{module}</a></li>' for module in sorted({*top, *orphans})]
    about = '<p><a href="skipped.html">Modules without a page</a>; <a href="private/">for people only</a>.</p>'
    files["/"] = (
        HTML,
        _page(f"Documentation: {name}", f"<ul>\n{''.join(link + chr(10) for link in links)}</ul>{about}"),
    )
    rows = (f"<li>{html.escape(module)}: {html.escape(reason)}</li>\n" for module, reason in pages.skipped.items())
    files["/skipped.html"] = (HTML, _page(f"Modules of {name} without a page", f"<ul>\n{''.join(rows)}</ul>"))
    files["/private/"] = (HTML, _page("Private", "<p>robots.txt asks crawlers not to fetch this page.</p>"))
    files["/robots.txt"] = ("text/plain; charset=utf-8", ROBOTS)
    return files


def _page(title: str, body: str) -> bytes:
    text = f'<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8"><title>{title}</title></head>\n<body><h1>'
    return f"{text}{title}</h1>\n{body}\n</body></html>\n".encode()


@contextmanager
def serve(files: Mapping[str, tuple[str, bytes]]) -> Iterator[tuple[str, int]]:
    """Serves `files` on an ephemeral port of loopback; yields (host, port). Everything else is answered 404."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        server_version = "pydoc"
        sys_version = ""
        wbufsize = 1 << 16  # head and body leave in one segment: without it, Nagle's algorithm costs 40 ms a page
        disable_nagle_algorithm = True

        def do_GET(self) -> None:
            self._answer(body_wanted=True)

        def do_HEAD(self) -> None:
            self._answer(body_wanted=False)

        def _answer(self, *, body_wanted: bool) -> None:
            path = self.path.partition("?")[0]
            status = 200 if path in files else 404
            content_type, body = files.get(path, (HTML, _page("Not found", "<p>There is no such page.</p>")))
            self.send_response_only(status)
            self.send_header("Server", self.server_version)
            self.send_header("Content-Type", content_type)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if body_wanted:
                self.wfile.write(body)

        def log_message(self, *arguments: object) -> None:
            """Nothing is logged: the crawler reports what it fetched."""

    with ThreadingHTTPServer((LOOPBACK, 0), Handler) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        try:
            yield LOOPBACK, server.server_port
        finally:
            server.shutdown()
            thread.join()
