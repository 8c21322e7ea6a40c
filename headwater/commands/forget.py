"""Forget: takes a host, a page or a document out of a lake and of whatever was made of it."""

from __future__ import annotations

import argparse
from contextlib import nullcontext

from headwater.confirmation import confirm
from headwater.engine_options import add_engine, chosen_engine
from headwater.logs import divert_stdout
from headwater.options import add_lake
from headwater.terminal import json_line, one_line

DESCRIPTION = (
    "Forget a host with all below it, a page or a document. Says first what is made of it and what making that again "
    "costs; then puts it onto the lake's removal list, which every later ingest obeys, computes again what was made of "
    "it, and certifies that no run of words that only it had is left in the shards of any recipe."
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "name", metavar="HOST|URL|DOC", help="example.org, example.org/page, or a doc_id of 32 hex digits"
    )
    parser.add_argument("--dry-run", action="store_true", help="say what is made of it, and change nothing")
    parser.add_argument("--yes", action="store_true", help="do not ask before anything is changed")
    add_lake(parser)
    add_engine(parser)


def run(args: argparse.Namespace) -> int:
    """With --json an object for what was found, and unless --dry-run one for the certificate."""
    from dataclasses import asdict

    from corpus.optout.removals import parse_removal
    from headwater.forgetting import findings as forget_findings
    from headwater.lakes import existing_lake

    lake, removal = existing_lake(args.lake), parse_removal(args.name)
    findings = forget_findings.find_in_lake(lake, removal)
    if args.dry_run or not args.quiet:
        for line in [json_line(asdict(findings))] if args.json else forget_findings.lines(findings):
            print(line, flush=True)
    if args.dry_run:
        return 0
    if not confirm(f"Forget {removal} in {lake.url}?", args.yes):
        return 1
    from headwater.forgetting import certificate as forget_certificate
    from headwater.forgetting import rebuild as forgetting

    with divert_stdout(quiet=args.quiet) if args.json or args.quiet else nullcontext():
        left_out = forgetting.forget(lake, findings, chosen_engine(args), args.quiet)
    if not findings.records:
        if not args.quiet and not args.json:
            print(f"{removal} is on the removal list: what later crawls bring of it is left out")
        return 0
    certificate = forget_certificate.write_certificate(lake, removal)
    path = forget_certificate.certificate_path(lake, removal)
    if args.json:
        print(json_line({"certificate": path, **asdict(certificate), "left_out": left_out}))
        return 0
    print()
    for line in forget_certificate.lines(certificate, path):
        print(line)
    for name in left_out:
        print(f"no longer   {one_line(name)}: not made again")
    print("still there: files that were crawled, copies elsewhere, and old datasets until `headwater collect`")
    return 0
