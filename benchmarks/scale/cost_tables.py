"""Cost tables: what a snapshot takes, and what others publish."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from benchmarks.scale.markdown import rows_of
from benchmarks.scale.published import PEERS, PRICE_SOURCES, SNAPSHOT, UNPUBLISHED, Prices

SNAPSHOTS = 10


def stages(result: Mapping[str, Any]) -> list[str]:
    plan = result["plan"]
    rows = []
    for row in plan["stages"]:
        rows.append(
            [
                row["stage"],
                f"{row['records'] / 1e9:.2f}" if row["records"] else "",
                f"{row['core_hours']:,.0f}",
                f"{row['dollars']:,.0f}",
                f"{row['stored'] / 1e12:.2f}",
                f"{row['month']:,.0f}",
            ]
        )
    totals = [sum(row[name] for row in plan["stages"]) for name in ("core_hours", "dollars", "stored", "month")]
    whole = [f"{totals[0]:,.0f}", f"{totals[1]:,.0f}", f"{totals[2] / 1e12:.2f}", f"{totals[3]:,.0f}"]
    many = [f"{SNAPSHOTS * totals[0]:,.0f}", f"{SNAPSHOTS * totals[1]:,.0f}"]
    many += [f"{SNAPSHOTS * totals[2] / 1e12:.1f}", f"{SNAPSHOTS * totals[3]:,.0f}"]
    by_bytes, page = plan["by_bytes"], SNAPSHOT.files * SNAPSHOT.file_bytes / SNAPSHOT.pages
    return [
        "## One snapshot, and ten",
        "",
        f"Extrapolated: {SNAPSHOT.name}, {SNAPSHOT.pages / 1e9:.2f} billion pages ({SNAPSHOT.source}). Processor time "
        "is that of the results of bench-crawl, bench-dedup and bench-tokenize; of split and shards, and all bytes, "
        "that of the run here, in blocks of 16 MiB. Pages measured are about as large as the snapshot's: "
        f"{plan['rates']['page_bytes'] / 1e3:.0f} KB in their compressed WARC, {page / 1e3:.0f} in the snapshot's; by "
        f"bytes in place of pages all of it is {by_bytes:.2f} times as much. What stays is that of pages that are "
        "mostly text, with planted copies, so that the stages behind `clean` are upper bounds: of a real crawl less "
        "is clean. Not in it is what each worker reads to find held-out pages (see State). Ten snapshots are ten "
        "times one, crawls not compared with earlier ones; on the same cores they take ten times as long.",
        "",
        *rows_of(
            "stage | records, billions | core hours | $ | stored, TB | $ a month",
            [*rows, ["**one snapshot**", "", *whole], [f"**{SNAPSHOTS} snapshots**", "", *many]],
        ),
        f"Prices are parameters (benchmarks/scale/published.py): {PRICE_SOURCES}.",
        "",
    ]


def requests(result: Mapping[str, Any]) -> list[str]:
    plan = result["plan"]
    rows = []
    for command, asked in plan["requests"].items():
        cost = next(row for row in plan["request_costs"] if row["command"] == command)
        methods = [f"{asked.get(method, 0):.1f}" for method in ("GET", "HEAD", "PUT", "LIST", "DELETE")]
        rows.append(
            [command, *methods, f"{cost['gets'] / 1e6:,.0f}", f"{cost['puts'] / 1e6:,.0f}", f"{cost['dollars']:,.0f}"]
        )
    whole = [sum(row[name] for row in plan["request_costs"]) for name in ("gets", "puts", "dollars")]
    fetched = ", ".join(f"in blocks of {name} {times:.1f}" for name, times in plan["overread"].items())
    rows.append(["together", *[""] * 5, f"{whole[0] / 1e6:,.0f}", f"{whole[1] / 1e6:,.0f}", f"{whole[2]:,.0f}"])
    return [
        "## Requests to the store",
        "",
        "Measured: what a split more costs, from the same crawl in blocks of 4 MiB and of 1 MiB, with crawl and lake "
        "in a bucket. Extrapolated: a snapshot in blocks of 16 MiB, in millions, HEAD with GET and LIST with PUT, as "
        "they are priced; and for `deduplicate`, whose workers open each file once for each band, "
        "what a hundred segments take. s3fs reads ahead: of a large file it fetches "
        f"{fetched} times a block's bytes (computed; {plan['overread_measured']:.1f} times in "
        "the run here, where files are small and blocks smaller).",
        "",
        *rows_of("command | GET | HEAD | PUT | LIST | DELETE | GET, millions | PUT, millions | $", rows),
    ]


def peers(result: Mapping[str, Any]) -> list[str]:
    prices, rows = Prices(), []
    for row in result["plan"]["normalised"]:
        trillion = f"{row['trillion']:,.0f}" if row["trillion"] is not None else ""
        source = (
            "measured here, extrapolated"
            if row["name"].startswith("Headwater")
            else "measured in bench-crawl, extrapolated"
        )
        rows.append(
            [
                row["name"],
                f"{row['page'] * 1e3:.2f}",
                f"{row['core_hours']:,.0f}",
                f"{row['terabyte']:,.1f}",
                trillion,
                source,
            ]
        )
    for peer in PEERS:
        hours = f"{peer.core_hours:,.0f}" if peer.core_hours else ""
        terabyte = f"{peer.core_hours / peer.terabytes:,.0f}" if peer.core_hours and peer.terabytes else ""
        dollars = peer.dollars if peer.dollars is not None else (peer.core_hours or 0) * prices.core_hour
        trillion = f"{dollars / peer.tokens * 1e12:,.0f}" if peer.tokens else ""
        rows.append([f"{peer.name}: {peer.what}", "", hours, terabyte, trillion, peer.source])
    return [
        "## Beside published figures",
        "",
        "CPU milliseconds a page, core hours a snapshot, core hours a TB that is read (of compressed WARC; of C4 its "
        "text), dollars a trillion tokens that come out, at the prices above. The work differs, and cores differ by "
        "a factor of two or so; only Headwater's and datatrove's way to clean documents was measured on the same "
        "pages and cores. Headwater's deduplication is told at the rate of 90,000 documents: what is "
        "read again and again of a large crawl is not in it.",
        "",
        *rows_of("| ms a page | core hours | core hours a TB | $ a trillion tokens | source", rows),
        UNPUBLISHED,
        "",
    ]
