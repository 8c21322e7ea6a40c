"""Tracing: from a page, host, step, score or text to what it was made of, or what it went into."""
