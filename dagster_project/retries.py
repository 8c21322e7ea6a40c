"""Retries: a server that did not answer is asked again, by a step of its own in Dagster's history. What is on this
machine is not: it would fail the same way."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import dagster as dg

from corpus.sources.commoncrawl import parse_crawl_id

TRIES, SECONDS = 2, 30.0


@contextmanager
def asked_again(key: str) -> Iterator[None]:
    """Around what reads the crawl of a partition key. Raises RetryRequested for an OSError of a remote one that says
    anything but that there is no such file; the third time the error itself."""
    try:
        yield
    except FileNotFoundError:
        raise
    except OSError as error:
        if "://" in key or parse_crawl_id(key) is not None:
            raise dg.RetryRequested(max_retries=TRIES, seconds_to_wait=SECONDS) from error
        raise
