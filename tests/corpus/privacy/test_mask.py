"""Privacy: what is personal is masked by its kind, what only looks so stays, in linear time and once and for all."""

from __future__ import annotations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from patience import cpu_seconds

from corpus.privacy import mask as privacy
from corpus.privacy.identifiers import mod_11_2, mod_97, passes_luhn
from corpus.privacy.mask import FINDERS, KINDS, LEAST_DIGITS, find_identifiers, mask_text

PEM_BODY = "MIIEpAIBAAKCAQEA7bq1kJ9mZ0Qw3n5v8x\nqf1o2h3j4k5l6m7n8p9r0s1t2u3v4w5x6y7z8A9B\n"
PEM = f"-----BEGIN RSA PRIVATE KEY-----\n{PEM_BODY}-----END RSA PRIVATE KEY-----"
GITHUB = "ghp_" + "a1B2c3D4e5" * 3 + "f6G7h8"
RANDOM_40 = "0123456789abcdef0123456789ABCDEF01234567"


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("Write to jane.doe+river@mail.example.co.uk.", "Write to <EMAIL>."),
        ("Write to jane@example.org. Thanks.", "Write to <EMAIL>. Thanks."),
        ("jane (at) example [dot] org", "<EMAIL>"),
        ("联系邮箱zhang_san@qq.com，谢谢", "联系邮箱<EMAIL>，谢谢"),
        ("문의: kim@naver.com으로", "문의: <EMAIL>으로"),
        ("Müller <jörg@müller.de>", "Müller <<EMAIL>>"),
        ("Call +49 30 1234567 now", "Call <PHONE> now"),
        ("Fax: 0046 8 928 571 38", "Fax: <PHONE>"),
        ("+41 (0)44 668 18 00", "<PHONE>"),
        ("(212) 555-0142 ext. 12", "<PHONE>"),
        ("212.555.0142 or 212-555-0143", "<PHONE> or <PHONE>"),
        ("Tél. 02 64 62 52 37", "Tél. <PHONE>"),
        ("Tel: 467 3395", "Tel: <PHONE>"),
        ("416 60 039 office\n", "<PHONE> office\n"),
        ("手机号码是13800138000。", "手机号码是<PHONE>。"),
        ("电话：010-62345678", "电话：<PHONE>"),
        ("from 81.2.69.160:8080", "from <IP>:8080"),
        ("2a00:1450:4001:81b::200e is up", "<IP> is up"),
        ("card 4111 1111 1111 1111, 12/27", "card <CARD>, 12/27"),
        ("3782-822463-10005", "<CARD>"),
        ("IBAN DE89 3704 0044 0532 0130 00 BIC COBADEFF", "IBAN <IBAN> BIC COBADEFF"),
        ("gb82west12345698765432", "<IBAN>"),
        ("SSN 078-05-1120", "SSN <SSN>"),
        ("social security number: 078051120", "social security number: <SSN>"),
        ("身份证11010519491231002X。", "身份证<RESIDENT_ID>。"),
        (f"token={GITHUB}", "token=<API_KEY>"),
        ("aws AKIAIOSFODNN7EXAMPLE", "aws <API_KEY>"),
        (f"key:\n{PEM}\nend", "key:\n<PRIVATE_KEY>\nend"),
        (f"cut off: -----BEGIN PRIVATE KEY-----\n{PEM_BODY}", "cut off: <PRIVATE_KEY>\n"),
    ],
)
def test_personal_data_becomes_its_placeholder(text: str, wanted: str) -> None:
    assert mask_text(text).text == wanted


@pytest.mark.parametrize(
    "text",
    [
        "On 2024-05-06 07:08:09, between 1914-1918 and 12/11/1981.",
        "1 234 567 890 people, 3.14159265358979 and 1,234,567.89 or $ 5,000,000",
        "Versions 1.8.0.1 and version 10.2.33.4 on 127.0.0.1 with 255.255.255.0",
        "std::vector, a::b, dead::beef() and 12:30:45",
        "ISBN 978-3-16-148410-0, ISSN 0378-5955, arXiv:2112.11446",
        "order 4111 1111 1111 1112 and number 1234567890123456",
        "GB82 WEST 1234 5698 7654 33 has a wrong checksum",
        "666-12-3456 and 900-12-3456 and 123-45-678",
        "11010519491231002X1 and 110105194912310021",
        f"commit {RANDOM_40}, the task-force and sk-learn",
        "@decorator, icon@2x.png, a @ b, user@localhost",
        "news/a-meeting-09-12-06-2016-in-town",
        "05334 rows of 01 00 80 02 00 DC bytes",
        "750 000 office workers at 58 2347 Lauzon Parkway",
    ],
)
def test_what_only_looks_so_stays(text: str) -> None:
    assert mask_text(text) == privacy.Masked(text=text, counts={})


def test_counts_are_by_kind_and_only_the_kinds_asked_for_are_masked() -> None:
    text = "a@example.org, b@example.org, 4111111111111111"
    assert mask_text(text).counts == {"email": 2, "card": 1}
    assert mask_text(text, ("card",)).text == "a@example.org, b@example.org, <CARD>"


def test_spans_are_those_of_the_text() -> None:
    text = "Call 212-555-0142 or write to a@example.org"
    assert [(span.kind, text[span.start : span.stop]) for span in privacy.find_identifiers(text)] == [
        ("phone", "212-555-0142"),
        ("email", "a@example.org"),
    ]


PIECES = st.sampled_from(
    [
        *(
            "a@b.org",
            "@",
            "(at)",
            "call ",
            "Tel: ",
            "+49 30 1234567",
            "212-555-0142",
            "4111 1111 1111 1111",
            "0",
            "7",
            "12",
        ),
        *(
            "1.22.33.44",
            "2001:db8::1",
            "::",
            "GB82WEST12345698765432",
            "078-05-1120",
            "13800138000",
            "11010519491231002X",
        ),
        *(
            " ",
            "\n",
            ".",
            "-",
            "/",
            "(",
            ")",
            "<",
            ">",
            ",",
            ":",
            "x1",
            " office",
            "或",
            "or",
            "<EMAIL>",
            "<PHONE>",
            GITHUB,
            PEM,
        ),
    ]
)


def test_an_address_that_ends_in_another_one_is_one_address() -> None:
    masked = mask_text("Ping 2001:0db8::198.51.100.7, then call +49 30 12345678 for more.")
    assert masked.text == "Ping <IP>, then call <PHONE> for more." and masked.counts == {"ip": 1, "phone": 1}


@example("212-555-0142::1.22.33.44+49 30 1234567")
@settings(max_examples=400, deadline=None)
@given(st.lists(PIECES, max_size=14).map("".join))
def test_masking_twice_is_masking_once(text: str) -> None:
    once = mask_text(text)
    again = mask_text(once.text)
    assert again.text == once.text and not again.counts
    for kind in KINDS:
        found = privacy.placeholder(kind)
        assert once.text.count(found) == text.count(found) + once.counts.get(kind, 0)


HOSTILE = {
    "digits": "1",
    "spaced digits": "1 ",
    "zeros": "0 12 ",
    "phones": "212-555-0142 ",
    "brackets": "(",
    "plus": "+(0",
    "dots": "1.1.1.1.",
    "colons": ":",
    "hex": "ab:",
    "at": "@",
    "local": "a.",
    "domains": "@a.a",
    "domain labels": "a@" + "b." * 40,
    "iban": "GB82 WEST ",
    "pem": "-----BEGIN PRIVATE KEY-----\nabcd ",
    "tokens": "eyJaaaaaaaaaaaa.",
    "keys": "sk-proj-",
    "calls": "call at on is ",
    "spaces": " ",
}


@given(st.text(st.sampled_from("0123456789 -\u2013\u00a0./()+X"), max_size=40))
@settings(deadline=None)
def test_no_number_is_overlooked_for_the_signs_between_its_digits(text: str) -> None:
    for kind in LEAST_DIGITS:
        assert bool(find_identifiers(text, (kind,))) == any(FINDERS[kind](text))


@pytest.mark.parametrize("around", ["{}", "a={};", "钥匙{}。", "https://example.org/{}?x", "{0}:{0}"])
def test_a_key_is_found_whatever_stands_around_it(around: str) -> None:
    assert GITHUB not in mask_text(around.format(GITHUB)).text


@pytest.mark.parametrize("unit", HOSTILE.values(), ids=HOSTILE.keys())
def test_hostile_text_takes_linear_time(unit: str) -> None:
    """Four times the text takes far less than the sixteen times of a quadratic pattern."""

    def seconds(size: int, enough: float = 0.0) -> float:
        text = (unit * (size // len(unit) + 1))[:size]
        return cpu_seconds(lambda: mask_text(text), enough)

    bound = 9 * seconds(1 << 15) + 0.2
    assert seconds(1 << 17, enough=bound) <= bound


def test_checksums() -> None:
    assert passes_luhn("4111111111111111") and not passes_luhn("4111111111111112")
    assert mod_97("GB82 WEST 1234 5698 7654 32") and not mod_97("GB82 WEST 1234 5698 7654 33")
    assert mod_11_2("11010519491231002X") and not mod_11_2("110105194912310021")
