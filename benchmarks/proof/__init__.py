"""Proof: models trained on what Headwater makes of a crawl, beside those of what others make: `make proof`.

real pages, texts of people ──> inputs ──> one crawl, held-out texts, questions, a tokenizer of neutral text
peers (datatrove, resiliparse) ─┐
recipes of Headwater ───────────┴> arms ──> runs ──> stored ──> tables ──> docs/proof.md

peers/      scripts that the Python of benchmarks/.venvs runs
"""
