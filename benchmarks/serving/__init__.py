"""Serving: `headwater serve` beside transformers' `generate` behind a route of the same form."""
