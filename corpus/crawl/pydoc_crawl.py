"""Pydoc crawl: the offline default. Renders documentation that every Python has, serves it, crawls it over HTTP."""

from __future__ import annotations

import hashlib
import importlib.metadata
import platform
import re
import sys
import sysconfig
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from corpus.crawl.crawler import CrawlConfig, CrawlReport, crawl_site
from corpus.crawl.render import RenderConfig, render_packages
from corpus.crawl.site import serve, site_files

Site = Literal["stdlib", "packages"]

PACKAGES = {
    "datasketch": "datasketch",
    "fastwarc": "FastWARC",
    "fsspec": "fsspec",
    "networkx": "networkx",
    "numpy": "numpy",
    "pyarrow": "pyarrow",
    "tokenizers": "tokenizers",
}
"""Module -> distribution. Chosen by measurement: prose rather than signatures, a quick import without side effects.
Left out: apache_beam and webdataset (their import writes or starts a process), sqlalchemy (66 MB in 30 s)."""

LEFT_OUT = frozenset({"antigravity", "idlelib", "lib2to3", "test", "tkinter", "turtledemo"})
"""Of the standard library: programs, tests and Tk, whose pages are mostly inherited methods.
What antigravity does depends on the browsers installed."""


@dataclass(frozen=True, kw_only=True)
class PydocCrawlConfig:
    """`date`: of every record. `warc_bytes`: of a file; a site fits into one, so later stages process it as one part in
    one process: starting a second takes longer than half of the work. `page_bytes`: larger pages are skipped."""

    date: str = "2025-01-01T00:00:00Z"
    warc_bytes: int = 100_000_000
    page_bytes: int = 250_000


def crawl_pydoc(
    name: Site, out: Path, *, config: PydocCrawlConfig, progress: bool = False
) -> tuple[CrawlReport, dict[str, str]]:
    """Writes <out>/<name>-00000.warc.gz and so on; returns the crawl's report, and module -> why it has no page.

    The bytes depend on `environment(name)` and `config` alone. Raises ValueError for an unknown site, and when no
    module could be rendered.
    """
    packages: tuple[str, ...]
    search: tuple[str, ...]
    if name == "stdlib":
        packages, search = tuple(sorted(sys.stdlib_module_names - LEFT_OUT)), ()
    elif name == "packages":
        packages = tuple(sorted(PACKAGES))
        search = tuple(dict.fromkeys(sysconfig.get_path(key) for key in ("purelib", "platlib")))
    else:
        raise ValueError(f"no pydoc site {name!r}: there are 'stdlib' and 'packages'")
    pages = render_packages(RenderConfig(packages=packages, search=search, page_bytes=config.page_bytes), progress)
    if not pages.html:
        module, reason = next(iter(pages.skipped.items()), (name, "there is no such package"))
        raise ValueError(f"no module of {name} could be rendered by {sys.executable}; the first, {module}: {reason}")
    host = f"{name}.pydoc.localhost"
    with serve(site_files(name, pages)) as address:
        report = crawl_site(
            CrawlConfig(
                start=(f"http://{host}/",),
                name=name,
                date=config.date,
                warc_bytes=config.warc_bytes,
                resolve={host: address},
            ),
            out,
            progress,
        )
    return report, pages.skipped


def environment(name: Site) -> dict[str, str]:
    """What decides the bytes of a site's WARC files, apart from the configuration and this code."""
    versions = {
        "python": platform.python_version(),
        "platform": sysconfig.get_platform(),
        "zlib": zlib.ZLIB_RUNTIME_VERSION,
    }
    if name == "packages":
        versions |= {module: _version(distribution) for module, distribution in PACKAGES.items()}
        # A module that cannot be imported has no page, so what the packages may import decides the bytes as well.
        required = {needed for distribution in PACKAGES.values() for needed in _requirements(distribution)}
        listing = "\n".join(f"{needed} {_version(needed)}" for needed in sorted(required))
        versions["requirements"] = hashlib.sha256(listing.encode()).hexdigest()[:16]
    return versions


def _version(distribution: str) -> str:
    try:
        return importlib.metadata.version(distribution)
    except importlib.metadata.PackageNotFoundError:
        return "absent"


def _requirements(distribution: str) -> set[str]:
    """Names of the distributions that a distribution requires, optional ones included."""
    try:
        lines = importlib.metadata.requires(distribution) or []
    except importlib.metadata.PackageNotFoundError:
        return set()
    return {re.split(r"[^\w.-]", line, maxsplit=1)[0].lower() for line in lines}
