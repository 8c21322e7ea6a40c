"""What the tests of the crawler share."""

from crawl_server import server

__all__ = ["server"]
