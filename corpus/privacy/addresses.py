"""Addresses: where in a text e-mail and IP addresses stand. Each finder yields (start, stop) in order.

Patterns are anchored at "@", a digit or a colon and bounded on both sides of it, so that none backtracks for long.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from ipaddress import IPv4Address, ip_address

from corpus.text.normal_form import atomic

DASHES = "\\-\u2010-\u2015\u2212\uff0d"
# Letters of alphabets: in Chinese, Japanese and Korean an address or a number touches the sentence.
ALPHABETS = "A-Za-z0-9\u00c0-\u024f\u0370-\u03ff\u0400-\u04ff"
WORD = ALPHABETS + "_"

# E-mail -------------------------------------------------------------------------------------------------------------

# RFC 5321 as people write it, and "at" and "dot" in brackets, which hide an address from harvesters.
AT = re.compile(r"[@＠\[({](?:(?<=[@＠])|(?<![@＠]) ?(?:at|@) ?[\])}] ?)", re.IGNORECASE)
LOCAL_BACKWARDS = re.compile(f"[{ALPHABETS}_.+%&'~{DASHES}]{{1,128}}+")
DOT = r"(?:\.| ?[\[({] ?(?:dot|\.) ?[\])}] ?)"
DOMAIN = re.compile(
    f"(?:[{ALPHABETS}{DASHES}]{{1,63}}+{DOT}){{1,9}}([A-Za-z\u00c0-\u04ff]{{2,24}}+|xn--\\w{{2,59}}+)", re.I
)
PICTURES = ("png", "jpg", "jpeg", "gif", "svg", "webp")  # icon@2x.png


def find_emails(text: str) -> Iterator[tuple[int, int]]:
    end = 0
    for at in AT.finditer(text):
        before = text[max(end, at.start() - 128) : at.start()]
        if at.end() - at.start() > 1:
            before = before.removesuffix(" ")
        local = LOCAL_BACKWARDS.match(before[::-1])
        domain = DOMAIN.match(text, at.end())
        if local is None or domain is None or domain.group(1).lower() in PICTURES:
            continue
        name = local.group()[::-1].lstrip(".'&~%-")
        if name:
            stop = max(end, at.start() - 128) + len(before)
            end = domain.end()
            yield stop - len(name), end


# IP addresses -------------------------------------------------------------------------------------------------------

IPV4 = re.compile(
    rf"[0-9](?<![{WORD}.][0-9])(?<![A-Za-z]/[0-9])[0-9]{{0,2}}+(?:\.[0-9]{{1,3}}+){{3}}(?![{WORD}]|\.[0-9])"
)
IPV6_COLON = re.compile(r":(?=:|[0-9A-Fa-f]{1,4}:)")
IPV6_FIRST_GROUP = re.compile(rf"(?<![{WORD}.:])[0-9A-Fa-f]{{0,4}}\Z")
IPV6 = re.compile(rf"[0-9A-Fa-f:]{{3,39}}+{atomic('four', '(?:[.][0-9]{1,3}){0,3}')}(?![{WORD}:])")
NUMBERED = re.compile(r"(?:version|ver|v|release|build|revision|section|sec|chapter|clause|§)\.?:? ?\Z", re.IGNORECASE)
ADDRESSED = re.compile(r"\b(?:ip|ipv4|address|addr|host|server|from|dns|gateway|ping)\b[^\n]{0,8}\Z", re.IGNORECASE)


def find_ip_addresses(text: str) -> Iterator[tuple[int, int]]:
    """Addresses that may name a machine: private ones do within their network, and those for documentation are what a
    log's author put in place of real ones. Loopback, unspecified, multicast, reserved and masks (240.0.0.0/4) never do.
    """
    found = [match.span() for match in IPV4.finditer(text) if _names_machine_v4(text, match)]
    if "::" in text or text.count(":") >= 7:
        found += _ipv6(text)
    end = 0
    for start, stop in sorted(found):
        if start >= end:  # 64:ff9b::192.0.2.1 ends in an address that is a part of it
            yield start, stop
            end = stop


def _ipv6(text: str) -> Iterator[tuple[int, int]]:
    end = 0
    for colon in IPV6_COLON.finditer(text):
        if colon.start() < end:
            continue
        first = IPV6_FIRST_GROUP.search(text, max(0, colon.start() - 5), colon.start())
        match = IPV6.match(text, first.start()) if first else None
        if match is not None:
            end = match.end()
            if _names_machine_v6(match.group()):
                yield match.span()


def _names_machine_v4(text: str, match: re.Match[str]) -> bool:
    try:
        address = IPv4Address(match.group())
    except ValueError:
        return False
    if address.is_loopback or address.is_unspecified or address.is_multicast or address.is_reserved:
        return False
    before = text[max(0, match.start() - 24) : match.start()]
    if NUMBERED.search(before):
        return False
    # Four numbers of one digit are one address in 400,000, but most versions and sections.
    return match.end() - match.start() > len("1.2.3.4") or ADDRESSED.search(before) is not None


def _names_machine_v6(candidate: str) -> bool:
    """Shortened ones need a first group of four digits, as all addresses in use have: `a::b` is code."""
    if "::" in candidate and not (candidate[4:5] == ":" and any(map(str.isdigit, candidate))):
        return False
    try:
        address = ip_address(candidate)
    except ValueError:
        return False
    return not (address.is_loopback or address.is_unspecified or address.is_multicast)
