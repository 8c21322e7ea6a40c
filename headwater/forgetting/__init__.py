"""Forgetting: what is made of a host, page or document, its rebuild without it, a certificate, and what goes then."""
