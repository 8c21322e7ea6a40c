"""Opt-out: what a page or its publisher refuses.

headers, meta tags -> signals -> refused or not
blocklists: lists of hosts and URLs that are left out
removals: what a lake has forgotten, and no later crawl brings back
"""
