"""Who is answered: with the token, under this machine's name, and no other site in their name."""

from __future__ import annotations

from pathlib import Path

import pytest
from starlette.responses import PlainTextResponse
from starlette.testclient import TestClient
from starlette.types import Receive, Scope, Send

from headwater.viewing.access import HEADERS, protect

TOKEN, ORIGIN = "the-token", "http://127.0.0.1:8400"


class Answering:
    """Whoever gets through is answered, and counted."""

    def __init__(self) -> None:
        self.answered = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.answered += 1
        await PlainTextResponse("the lake")(scope, receive, send)


@pytest.fixture
def app() -> Answering:
    return Answering()


@pytest.fixture
def client(app: Answering) -> TestClient:
    return TestClient(protect(app, TOKEN, 8400), base_url=ORIGIN)


@pytest.mark.parametrize("path", ["/", "/labels", "/style.css", "/?token=", "/?token=the-tokeN", "/?token=the-token2"])
def test_nobody_is_answered_without_the_token(path: str, client: TestClient, app: Answering) -> None:
    for answer in (client.get(path), client.post(path, headers={"Origin": ORIGIN}), client.head(path)):
        assert answer.status_code == 401
    assert not client.cookies and app.answered == 0
    assert "headwater view" in client.get(path).text


def test_the_token_in_the_url_becomes_a_cookie_that_no_script_and_no_other_site_has(client: TestClient) -> None:
    entrance = client.get("/", params={"token": TOKEN})
    assert entrance.status_code == 200 and TOKEN not in entrance.text
    flags = entrance.headers["set-cookie"].lower()
    assert all(flag in flags for flag in ("httponly", "samesite=strict", "path=/", "headwater_view_8400="))
    assert client.get("/anything").text == "the lake"


def test_another_cookie_is_refused(client: TestClient, app: Answering) -> None:
    for value in ("", "wrong", TOKEN[:-1], "ü"):
        assert client.get("/", headers={"Cookie": f"headwater_view_8400={value}".encode()}).status_code == 401
    assert client.get("/", headers={"Cookie": f"headwater_view_8401={TOKEN}"}).status_code == 401
    assert app.answered == 0


@pytest.mark.parametrize(
    "host", ["evil.example", "127.0.0.1.evil.example:8400", "localhost.evil.example", "", "[::1]:1"]
)
def test_another_host_is_refused_even_with_the_token(host: str, client: TestClient, app: Answering) -> None:
    answer = client.get("/", params={"token": TOKEN}, headers={"Host": host})
    assert answer.status_code == 400 and "set-cookie" not in answer.headers
    assert app.answered == 0


def test_this_machine_has_two_names(client: TestClient) -> None:
    client.get("/", params={"token": TOKEN})
    for host in ("127.0.0.1:8400", "localhost:8400", "LOCALHOST:9000"):  # another port: through a tunnel
        cookie = {"Cookie": f"headwater_view_8400={TOKEN}"}
        assert client.get("/", headers={"Host": host, **cookie}).text == "the lake"


@pytest.mark.parametrize(
    "origin", [None, "null", "http://evil.example", "http://127.0.0.1:9999", "https://127.0.0.1:8400"]
)
def test_what_another_site_posts_is_refused(origin: str | None, client: TestClient, app: Answering) -> None:
    client.get("/", params={"token": TOKEN})
    headers = {} if origin is None else {"Origin": origin}
    assert client.post("/document/0", headers=headers).status_code == 403
    assert app.answered == 0
    assert client.post("/document/0", headers={"Origin": ORIGIN}).status_code == 200


def test_every_answer_has_the_headers(client: TestClient) -> None:
    answers = [client.get("/"), client.get("/", headers={"Host": "evil.example"}), client.put("/")]
    answers += [client.get("/", params={"token": TOKEN}), client.get("/")]
    assert [answer.status_code for answer in answers] == [401, 400, 405, 200, 200]
    for answer in answers:
        assert {name: answer.headers.get(name) for name in HEADERS} == HEADERS
        assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert "access-control-allow-origin" not in answers[-1].headers


def test_no_template_has_a_script() -> None:
    templates = Path(__file__).parents[3] / "headwater" / "viewing" / "templates"
    for template in templates.glob("*.html"):
        text = template.read_text()
        assert "<script" not in text and "style=" not in text and "| safe" not in text, template
