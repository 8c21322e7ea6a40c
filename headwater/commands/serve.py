"""Serve: a trained model behind an HTTP interface as OpenAI's."""

from __future__ import annotations

import argparse
import os
import secrets
import sys
from pathlib import Path

from headwater.options import CHECKPOINT, add_lake, add_recipe, positive_int
from headwater.terminal import json_line

DESCRIPTION = (
    "Answer programs that were written for OpenAI's interface with a trained model: /v1/completions, "
    "/v1/chat/completions, /v1/embeddings of an encoder, and a page to chat with; on this machine alone unless --host "
    "says otherwise. An answer is the same alone and in a crowd. Needs `pip install 'headwater[serve]'`."
)
TOKEN_VARIABLE = "HEADWATER_TOKEN"
WARNING = "Tell those who ask; the law may want their consent. Delete the file when you are done with it."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("checkpoint", metavar="CHECKPOINT", help=CHECKPOINT)
    parser.add_argument("--name", metavar="NAME", help="of the model, for those who ask (default: that of CHECKPOINT)")
    add_lake(parser)
    add_recipe(parser)
    parser.add_argument("--host", default="127.0.0.1", metavar="ADDRESS", help="to listen on (default: %(default)s)")
    parser.add_argument("--port", type=positive_int, default=8000, help="port to listen on (default: %(default)s)")
    parser.add_argument(
        "--token-file",
        type=Path,
        metavar="FILE",
        help=f"holds the token that is asked for (default: {TOKEN_VARIABLE} of the environment, or a new one, printed)",
    )
    parser.add_argument("--tls-certificate", type=Path, metavar="FILE", help="to speak TLS; with --tls-key")
    parser.add_argument("--tls-key", type=Path, metavar="FILE", help="the key of the certificate")
    watching = parser.add_argument_group("watching")
    watching.add_argument(
        "--baseline",
        type=Path,
        metavar="FILE",
        help="of `headwater baseline`: /metrics tells how far prompts are from its texts",
    )
    watching.add_argument(
        "--log-prompts",
        type=Path,
        metavar="FILE",
        help="WRITE ALL PROMPTS AND ANSWERS to FILE, for its owner's eyes alone; tell those who ask",
    )
    limits = parser.add_argument_group("limits")
    limits.add_argument("--slots", type=positive_int, default=64, metavar="N", help="answers written at a time (64)")
    limits.add_argument(
        "--queue", type=positive_int, default=256, metavar="N", help="answers that wait; more are refused (256)"
    )
    limits.add_argument(
        "--memory", type=positive_int, default=1024, metavar="MIB", help="for keys and values of all answers (1024)"
    )
    limits.add_argument(
        "--drain", type=positive_int, default=30, metavar="SECONDS", help="for running answers after SIGTERM (30)"
    )
    parser.add_argument(
        "--threads", type=positive_int, default=2, metavar="N", help="CPU threads; may change a text by rounding (2)"
    )


def run(args: argparse.Namespace) -> int:
    """Prints the URL of the chat page, with the token, and serves until SIGTERM or Ctrl-C."""
    from headwater.serving import bind_port, exit_on_signals

    if (args.tls_certificate is None) != (args.tls_key is None):
        raise ValueError("--tls-certificate and --tls-key need each other: give both")
    token, is_new = _read_token(args.token_file)
    with bind_port(args.port, args.host) as bound, exit_on_signals():
        from headwater.checkpoints import resolve_checkpoint

        folder = resolve_checkpoint(args.checkpoint, args.lake, args.recipe)
        from training.distributed.device import require_determinism

        try:
            from training.serving.server import ModelServer
            from training.serving.service import Service
        except ImportError as error:
            raise ImportError(f"{error.name} is not installed: pip install 'headwater[serve]'") from error
        from training.serving.baseline import read_baseline
        from training.serving.config import ServingConfig
        from training.serving.prompt_log import PromptLog
        from training.serving.served_model import load_served

        require_determinism(args.threads)
        config = ServingConfig(
            slots=args.slots, queue=args.queue, memory_bytes=args.memory << 20, drain_seconds=args.drain
        )
        served = load_served(folder, args.name or Path(args.checkpoint).name)
        baseline = read_baseline(args.baseline, served) if args.baseline else None
        prompt_log = PromptLog(args.log_prompts, config.prompt_log_bytes) if args.log_prompts else None
        service = Service(served, config, baseline, prompt_log)
        server = ModelServer(service, bound, token, args.tls_certificate, args.tls_key)
        server.listen()
        scheme = "http" if args.tls_key is None else "https"
        url = f"{scheme}://{args.host}:{bound.getsockname()[1]}/"
        said = {"url": url, "model": service.served.name} | ({"token": token} if is_new else {})
        page = f"{url}#token={token}" if is_new else url
        print(json_line(said) if args.json else f"{page}  (Ctrl-C stops it)", flush=True)
        if prompt_log is not None:
            print(f"All prompts and answers are written to {args.log_prompts}. {WARNING}", file=sys.stderr)
        server.run()
    return 0


def _read_token(path: Path | None) -> tuple[str, bool]:
    """And whether it is a new one, which nobody knows yet. Raises ValueError for one that a header cannot hold."""
    if path is None and TOKEN_VARIABLE not in os.environ:
        return secrets.token_urlsafe(32), True
    token = os.environ[TOKEN_VARIABLE] if path is None else path.read_text(encoding="utf-8")
    token, where = token.strip(), TOKEN_VARIABLE if path is None else f"--token-file {path}"
    if len(token) < 16 or not token.isascii() or not token.isprintable() or " " in token:
        raise ValueError(f"{where}: a token has 16 or more printable ASCII characters and no space")
    return token, False
