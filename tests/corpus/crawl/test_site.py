"""The pydoc site: the same bytes whatever the process, no secrets, and misbehaving modules listed, not served."""

from __future__ import annotations

import sys
from pathlib import Path

import httpx
import pytest

from corpus.crawl.pydoc_crawl import PACKAGES, PydocCrawlConfig, crawl_pydoc, environment
from corpus.crawl.render import Pages, RenderConfig, render_packages
from corpus.crawl.site import serve, site_files

SMALL = ("cgi", "configparser", "json", "os", "this", "trace", "xml")

MISBEHAVING = {
    "chatty": ("print('hello')", "writes to standard output or error"),
    "chatty_c": ("import os; os.write(2, b'hello')", "writes to standard output or error"),
    "leaver": ("raise SystemExit(3)", "calls exit"),
    "mover": ("import os; os.chdir('/')", "changes the working directory"),
    "setter": ("import os; os.environ['HEADWATER_X'] = '1'", "changes os.environ"),
    "pather": ("import sys; sys.path.append('/nowhere')", "changes sys.path"),
    "handler": ("import signal; signal.signal(signal.SIGUSR1, signal.SIG_IGN)", "changes signal handlers"),
    "threader": (
        "import threading; threading.Thread(target=threading.Event().wait, daemon=True).start()",
        "changes the number of threads",
    ),
    "spawner": ("import subprocess; subprocess.run(['true'])", "starts a child process"),
    "hidden_spawner": (
        "try:\n    import os; os.system('true')\nexcept RuntimeError:\n    pass",
        "starts a child process",
    ),
    "browser": ("import sys; sys.audit('webbrowser.open', 'http://x.example')", "opens a browser window"),
    "broken": ("import nothing_of_this_name", "No module named 'nothing_of_this_name'"),
    "crasher": ("import os; os._exit(7)", "ends the process (exit status 7)"),
    "sleeper": ("import time; time.sleep(60)", "takes more than 4 s"),
}


@pytest.fixture(scope="module")
def small() -> Pages:
    return render_packages(RenderConfig(packages=SMALL, processes=2))


def test_pages_do_not_depend_on_the_caller(small: Pages, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name, value in {"PYTHONHASHSEED": "7", "TZ": "Asia/Tokyo", "LANG": "C", "HOME": "/tmp"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("HEADWATER_TOKEN", "a-secret-of-mine")
    monkeypatch.chdir(tmp_path)
    again = render_packages(RenderConfig(packages=SMALL[::-1], processes=1))
    assert again == small
    assert not [module for module, page in again.html.items() if b"a-secret-of-mine" in page]


def test_pages_tell_nothing_about_the_machine(small: Pages) -> None:
    assert {"configparser", "json", "json.decoder", "os", "xml.etree.ElementTree"} <= set(small.html)
    text = b"".join(small.html.values()).replace(b"&nbsp;", b" ")
    assert b"<strong>environ</strong>: _Environ" in text
    assert b" at 0x" not in text
    assert b'href="file:' not in text
    for path in (sys.prefix, sys.base_prefix):
        assert path in ("/usr", "/usr/local") or path.encode() not in text
    assert small.skipped["this"] == "its import writes to standard output or error"


def test_modules_with_side_effects_are_skipped_and_listed(tmp_path: Path) -> None:
    package = tmp_path / "unruly"
    package.mkdir()
    (package / "__init__.py").write_text('"""A package of modules that do more than define names."""')
    (package / "quiet.py").write_text(
        '"""Well behaved, but deprecated."""\nimport warnings\nwarnings.warn("old", FutureWarning)'
    )
    for name, (code, _) in MISBEHAVING.items():
        (package / f"{name}.py").write_text(code)
    pages = render_packages(RenderConfig(packages=("unruly",), search=(str(tmp_path),), seconds=4))
    assert set(pages.html) == {"unruly", "unruly.quiet"}
    for name, (_, reason) in MISBEHAVING.items():
        assert reason in pages.skipped[f"unruly.{name}"], name
    _, listing = site_files("test", pages)["/skipped.html"]
    assert b"unruly.chatty: its import writes to standard output or error" in listing


def test_a_package_that_ends_its_process_is_skipped_whole(tmp_path: Path) -> None:
    (tmp_path / "suicidal.py").write_text("import os; os._exit(7)")
    pages = render_packages(RenderConfig(packages=("suicidal",), search=(str(tmp_path),)))
    assert pages == Pages(html={}, skipped={"suicidal": "its import or documentation ends the process (exit status 7)"})


def test_large_pages_are_skipped() -> None:
    pages = render_packages(RenderConfig(packages=("json",), page_bytes=10_000))
    assert "json.scanner" in pages.html
    assert "more than 10,000" in pages.skipped["json"]


def test_site_answers(small: Pages) -> None:
    with serve(site_files("test", small)) as (host, port), httpx.Client(base_url=f"http://{host}:{port}") as client:
        index = client.get("/")
        assert index.headers["content-type"] == "text/html; charset=utf-8"
        assert "date" not in index.headers
        assert all(f'href="{module}.html"' in index.text for module in ("json", "os", "xml"))
        assert 'href="private/"' in index.text and 'href="skipped.html"' in index.text
        assert client.get("/json.decoder.html").content == small.html["json.decoder"]
        assert client.get("/robots.txt").text == "User-agent: *\nDisallow: /private/\n"
        assert client.get("/private/").status_code == 200
        assert client.get("/numpy.html").status_code == 404
        assert client.head("/json.html").content == b""


def test_pydoc_crawl_gives_the_same_warc_twice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("corpus.crawl.pydoc_crawl.PACKAGES", {"datasketch": "datasketch"})
    config = PydocCrawlConfig(warc_bytes=50_000)
    first, skipped = crawl_pydoc("packages", tmp_path / "a", config=config)
    second, _ = crawl_pydoc("packages", tmp_path / "b", config=config)
    assert len(first.files) > 1 and skipped == {}
    assert [file.read_bytes() for file in first.files] == [file.read_bytes() for file in second.files]
    assert first.not_fetched["robots"] == 1
    assert first.urls == first.pages + sum(first.not_fetched.values())


def test_unknown_site_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="'stdlib' and 'packages'"):
        crawl_pydoc("web", tmp_path, config=PydocCrawlConfig())  # type: ignore[arg-type]


def test_environment_names_what_decides_the_bytes() -> None:
    assert environment("stdlib")["python"] == sys.version.split()[0]
    assert set(PACKAGES) < set(environment("packages"))
