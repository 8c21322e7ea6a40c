"""`headwater demo` with its lake in an object store makes what it makes in a folder: every dataset, digest for digest.

    python tests/object_storage/compare_demos.py [--crawl PATH] [--set training.tokens=8192]

The store is moto's server on loopback. Then other commands read the lake there. Prints what was equal.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import fsspec

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "helpers"))

from every_stage import digests
from object_store import BUCKET, CREDENTIALS, serve_objects

from corpus.lake.store import Lake

URL = f"s3://{BUCKET}/lake"


def run(folder: Path, environment: dict[str, str], *arguments: str) -> str:
    """A command in a folder of its own, so that neither run finds what the other has cached."""
    folder.mkdir(exist_ok=True)
    command = [sys.executable, "-m", "headwater", *arguments]
    started = time.monotonic()
    done = subprocess.run(
        command, cwd=folder, env=os.environ | environment, stdout=subprocess.PIPE, text=True, check=False
    )
    print(f"{time.monotonic() - started:5.0f} s  headwater {' '.join(arguments)}", flush=True)
    if done.returncode:
        sys.exit(f"{' '.join(arguments)} failed with {done.returncode}: {done.stdout[-2000:]}")
    return done.stdout


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--crawl", action="append", default=[], help="as `headwater demo` has it")
    parser.add_argument(
        "--set", action="append", default=[], help="a setting in which the recipe differs from the demo's"
    )
    args = parser.parse_args()
    chosen = [flag for crawl in args.crawl for flag in ("--crawl", os.path.abspath(crawl))]
    settings = [flag for setting in args.set for flag in ("--set", setting)]
    if settings:
        chosen += ["--recipe", "smaller"]
    with tempfile.TemporaryDirectory(prefix="headwater-demos-") as name, serve_objects(Path(name, "log")) as port:
        options = {"endpoint_url": f"http://127.0.0.1:{port}", **CREDENTIALS}
        fsspec.config.conf["s3"] = options
        fsspec.filesystem("s3", **options).call_s3("create_bucket", Bucket=BUCKET)
        here, there = Path(name, "here"), Path(name, "there")
        store = {"FSSPEC_S3": json.dumps(options), "HEADWATER_CACHE": str(there / "cache")}
        for folder, environment, url in ((here, {}, str(here / "lake")), (there, store, URL)):
            if settings:
                run(folder, environment, "recipes", "new", "smaller", "--base", "demo", *settings, "--lake", url)
            run(folder, environment, "demo", "--lake", url, *chosen)
        local, remote = digests(Lake(str(here / "lake"))), digests(Lake(URL))
        for dataset in sorted({*local, *remote}):
            if local.get(dataset) != remote.get(dataset):
                print(f"DIFFERENT  {dataset}: {local.get(dataset)} in a folder, {remote.get(dataset)} in the store")
        run(there, store, "demo", "--lake", URL, *chosen)
        assert digests(Lake(URL)) == remote, "the second run has computed something"
        run(there, store, "verify", "--lake", URL)
        [split] = Lake(URL).datasets("split")
        page = next(Lake(URL).read(split, "train", ["url"]))["url"][0].as_py()
        for wanted in ([page], ["--step", "1"], ["--text", "Return the"]):
            run(there, store, "trace", *wanted, "--lake", URL)
        run(there, store, "search", "return the", "--lake", URL)
        run(there, store, "generate", "--checkpoint", "latest", "--lake", URL, "--prompt", "Return the")
        run(there, store, "collect", "--lake", URL, "--dry-run")
    same = sum(local.get(dataset) == digest for dataset, digest in remote.items())
    print(f"{same} of {len(local)} datasets have equal digests in a folder and in the store")
    return 0 if local == remote and local else 1


if __name__ == "__main__":
    sys.exit(main())
