"""Credentials: where in a text private keys and keys to services stand, by the forms that their issuers gave them.

The forms are those that the issuers document and that secret scanners look for (gitleaks, GitHub secret scanning). Each
begins with a fixed prefix: a key that is only a run of random characters cannot be told from a digest.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from corpus.text.normal_form import atomic

# RFC 7468 and its older forms. A block that was cut off before its end is a key all the same.
PEM = re.compile(
    r"-----BEGIN (?P<label>[A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?)-----"
    r"(?:[A-Za-z0-9+/=\s:,.()]++|\\n|-(?!----))*-----END (?P=label)-----"
    r"|-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----(?:(?:\s|\\n)*[A-Za-z0-9+/=]{16,}+)*"
)

API_KEY = re.compile(
    r"(?<![A-Za-z0-9])(?:"
    + "|".join(
        (
            r"(?:AKIA|ASIA|ABIA|ACCA)[A-Z2-7]{16}",  # Amazon Web Services
            r"gh[pousr]_[A-Za-z0-9]{36,255}+",  # GitHub
            r"github_pat_[A-Za-z0-9_]{22,255}+",
            r"glpat-[A-Za-z0-9_-]{20,64}+",  # GitLab
            r"xox[abeoprs]-[A-Za-z0-9-]{10,255}+",  # Slack
            r"xapp-[0-9]-[A-Za-z0-9-]{10,255}+",
            r"(?:sk|rk|pk|whsec)_(?:live_|test_)?[A-Za-z0-9]{20,255}+",  # Stripe
            r"AIza[A-Za-z0-9_-]{35}",  # Google
            r"ya29\.[A-Za-z0-9_-]{20,1024}+",
            r"GOCSPX-[A-Za-z0-9_-]{28}",
            rf"sk-{atomic('parts', '(?:[a-z]{2,10}[0-9]{0,2}-){0,4}')}[A-Za-z0-9_-]{{20,255}}+",  # OpenAI and others
            r"hf_[A-Za-z0-9]{30,64}+",  # Hugging Face
            r"npm_[A-Za-z0-9]{36}",
            r"pypi-[A-Za-z0-9_-]{50,1024}+",
            r"SG\.[A-Za-z0-9_-]{16,64}+\.[A-Za-z0-9_-]{16,64}+",  # SendGrid
            r"do[opr]_v1_[0-9a-f]{64}",  # DigitalOcean
            r"shp(?:at|ca|pa|ss)_[0-9a-fA-F]{32}",  # Shopify
            r"dckr_pat_[A-Za-z0-9_-]{27}",  # Docker
            r"hv[sb]\.[A-Za-z0-9_-]{24,255}+",  # HashiCorp Vault
            r"[0-9]{8,10}+:AA[A-Za-z0-9_-]{33}",  # Telegram
            r"eyJ[A-Za-z0-9_-]{10,4096}+\.eyJ[A-Za-z0-9_-]{10,4096}+\.[A-Za-z0-9_-]{10,4096}+",  # JSON Web Token
        )
    )
    + r")(?![A-Za-z0-9])"
)

# The shortest form has 15 characters, and only such words are looked at. To find them fast, what may stand in a key
# becomes one character.
WORD_BYTES = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-.:"
AS_WORDS = bytes(ord("a") if byte in WORD_BYTES else ord(" ") for byte in range(256))
SHORTEST = b"a" * 15


def find_private_keys(text: str) -> Iterator[tuple[int, int]]:
    if "PRIVATE KEY" in text:
        for match in PEM.finditer(text):
            yield match.span()


def find_api_keys(text: str) -> Iterator[tuple[int, int]]:
    signs = text.encode("ascii", "replace").translate(AS_WORDS) + b" "  # one byte a character
    start = signs.find(SHORTEST)
    while start >= 0:
        stop = signs.index(b" ", start)
        for match in API_KEY.finditer(text, start, stop):
            if any(map(str.isdigit, match.group())):  # `sk-` and `pk_` also begin names
                yield match.span()
        start = signs.find(SHORTEST, stop)
