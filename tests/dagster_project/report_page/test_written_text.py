"""Written text: every character of it once, marked where spans are, and without personal data."""

from __future__ import annotations

from dagster_project.report_page.written_text import Passage, cut_text

TEXT = "It was a dark night, and jane.doe@example.org wrote."


def spans(*texts: str) -> list[dict[str, int]]:
    return [{"start": TEXT.index(text), "stop": TEXT.index(text) + len(text)} for text in texts]


def test_a_text_without_spans_is_one_passage() -> None:
    assert cut_text("It was.", []) == [Passage(text="It was.", spans=(), ends=())]


def test_overlapping_spans_are_cut_where_they_begin_and_end() -> None:
    found = cut_text(TEXT, spans(" was a dark ", "dark night"))
    assert [(one.text, one.spans, one.ends) for one in found][:5] == [
        ("It ", (), ()),
        ("was a ", (0,), ()),
        ("dark", (0, 1), (0,)),
        (" night", (1,), (1,)),
        (", and ", (), ()),
    ]


def test_an_address_is_masked_whole_where_a_span_ends_in_it() -> None:
    found = cut_text(TEXT, spans("night, and jane", "example.org wrote"))
    joined = "".join(one.text for one in found)
    assert joined == TEXT.replace("jane.doe@example.org", "<EMAIL>")
    [masked] = [one for one in found if one.text == "<EMAIL>"]
    assert masked.spans == (0, 1) and masked.ends == (0,)
