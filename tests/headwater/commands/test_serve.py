"""`headwater serve`: it answers who has the token, and ends gracefully; what is damaged never starts."""

from __future__ import annotations

import ipaddress
import json
import os
import signal
import socket
import ssl
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from random_checkpoints import random_checkpoint
from small_corpus import Data
from start_models import write_start

from headwater.cli import main
from headwater.interrupts import STOPPED

ROOT = Path(__file__).parents[3]
TOKEN = "a-token-of-the-tests"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("served")
    random_checkpoint(Data(tmp_path_factory.mktemp("data")), made, 4096)
    return made


def serve(folder: Path, *words: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "headwater", "serve", str(folder), "--port", str(free_port()), "--threads", "1"]
    environment = {name: value for name, value in os.environ.items() if name != "HEADWATER_TOKEN"}
    return subprocess.Popen(
        [*command, "--json", *words],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_sigterm_lets_what_runs_end_and_turns_others_away(folder: Path) -> None:
    process = serve(folder)
    assert process.stdout is not None
    try:
        said: dict[str, Any] = json.loads(process.stdout.readline())
        assert said["model"] == folder.name and len(said["token"]) > 40
        headers = {"Authorization": f"Bearer {said['token']}"}
        with httpx.Client(base_url=said["url"], headers=headers, timeout=60) as client:
            body = {"prompt": "The", "max_tokens": 4000, "seed": 1, "top_k": 1, "n": 8, "stream": True}
            with client.stream("POST", "/v1/completions", json=body) as streamed:
                lines = streamed.iter_lines()
                next(lines)
                process.send_signal(signal.SIGTERM)
                while httpx.get(f"{said['url']}ready").status_code == 200:
                    pass
                refused = client.post("/v1/completions", json={"prompt": "The"})
                assert refused.status_code == 503 and refused.json()["error"]["code"] == "draining"
                assert [line for line in lines if line][-1] == "data: [DONE]"
        _, stderr = process.communicate(timeout=60)
    finally:
        process.kill()
        process.wait()
    assert process.returncode == 0
    events = [json.loads(line) for line in stderr.splitlines()]
    assert events[-1]["event"] == "stopped" and said["token"] not in stderr


def test_ctrl_c_ends_it_with_the_token_of_a_file(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "token").write_text(TOKEN + "\n")
    logged = tmp_path / "asked.jsonl"
    process = serve(folder, "--token-file", str(tmp_path / "token"), "--name", "mine", "--log-prompts", str(logged))
    assert process.stdout is not None
    try:
        said = json.loads(process.stdout.readline())
        assert "token" not in said
        answer = httpx.get(f"{said['url']}v1/models", headers={"Authorization": f"Bearer {TOKEN}"})
        assert answer.json()["data"][0]["id"] == "mine"
        process.send_signal(signal.SIGINT)
        _, stderr = process.communicate(timeout=60)
    finally:
        process.kill()
        process.wait()
    assert process.returncode == 130 and STOPPED in stderr
    assert f"All prompts and answers are written to {logged}. Tell those who ask" in stderr
    assert logged.stat().st_mode & 0o777 == 0o600


def test_it_speaks_tls(folder: Path, tmp_path: Path) -> None:
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    (tmp_path / "token").write_text(TOKEN)
    write_certificate(key, certificate)
    process = serve(
        folder, "--token-file", str(tmp_path / "token"), "--tls-key", str(key), "--tls-certificate", str(certificate)
    )
    assert process.stdout is not None
    try:
        url = json.loads(process.stdout.readline())["url"]
        headers = {"Authorization": f"Bearer {TOKEN}"}
        with httpx.Client(verify=ssl.create_default_context(cafile=certificate), headers=headers) as client:
            assert client.get(f"{url}v1/models").status_code == 200
        with pytest.raises(httpx.HTTPError):
            httpx.get(url.replace("https:", "http:"))
    finally:
        process.kill()
        process.communicate()


def write_certificate(key: Path, certificate: Path) -> None:
    """Of this machine, signed by itself."""
    private = ec.generate_private_key(ec.SECP256R1())
    name, now = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")]), datetime.now(UTC)
    signed = (
        x509.CertificateBuilder(name, name, private.public_key(), 1, now, now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .sign(private, hashes.SHA256())
    )
    certificate.write_bytes(signed.public_bytes(serialization.Encoding.PEM))
    form = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    key.write_bytes(private.private_bytes(serialization.Encoding.PEM, *form))


def test_a_damaged_checkpoint_is_refused_before_the_port_opens(
    data_run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    [weights] = (data_run / "checkpoints").glob("step-*/model.safetensors")
    content = bytearray(weights.read_bytes())
    content[-1] ^= 1
    weights.write_bytes(content)
    assert main(["serve", str(weights.parent), "--port", str(free_port())]) == 1
    printed = capsys.readouterr()
    assert "model.safetensors has sha256" in printed.err and printed.out == ""


@pytest.fixture
def data_run(tmp_path: Path) -> Path:
    """A training run of one step."""
    from training.run.outdir import Outdir

    (tmp_path / "data").mkdir()
    data = Data(tmp_path / "data")
    data.trainer(Outdir(tmp_path / "run"), tokens=4 * 32).run()
    return tmp_path / "run"


@pytest.mark.parametrize(
    ("family", "message"),
    [("lstm", "a model of the family lstm is not served"), ("t5", "a model of the family t5 is not served")],
)
def test_a_family_that_is_not_served(
    family: str, message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["serve", str(write_start(family, tmp_path)), "--port", str(free_port())]) == 1
    assert message in capsys.readouterr().err


def test_options_that_cannot_be(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "token").write_text("short")
    (tmp_path / "open").touch(mode=0o644)
    (tmp_path / "baseline.json").write_text("{}")
    for words, message in (
        (["--token-file", str(tmp_path / "token")], "a token has 16 or more printable ASCII characters"),
        (["--tls-key", "a.pem"], "--tls-certificate and --tls-key need each other"),
        (["--host", "203.0.113.7"], "this machine has no such address"),
        (["--log-prompts", str(tmp_path / "open")], "would show what people ask to others: `chmod 600` it"),
        (["--baseline", str(tmp_path / "baseline.json")], "baseline.json is no baseline"),
    ):
        assert main(["serve", str(folder), "--port", str(free_port()), *words]) == 1
        assert message in capsys.readouterr().err


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])
