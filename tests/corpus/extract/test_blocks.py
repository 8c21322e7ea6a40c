"""Blocks: what a page's markup makes of its text: lines, rows, code, formulas, what is hidden."""

from __future__ import annotations

import pytest

from corpus.extract.blocks import read_blocks


def lines(html: str) -> list[str]:
    return read_blocks(html.encode()).blocks.texts()


@pytest.mark.parametrize(
    ("html", "wanted"),
    [
        (
            "<figure><table><tr><th>Berth<th>Price<tr><td>East<td>12 euro</table></figure>",
            ["Berth\tPrice", "East\t12 euro"],
        ),
        ("<figure><blockquote>A quote</blockquote><figcaption>Who</figcaption></figure>", ["A quote", "Who"]),
        (
            "<h2><button type=button>When does it open?</button></h2><div>At six.</div>",
            ["When does it open?", "At six."],
        ),
        ("a <label>name</label> b", ["a name b"]),
        ("<object data=x>instead <b>of</b> it</object>", ["instead of it"]),
        ("<p>copy:<textarea>a\n  b</textarea>", ["copy:", "a\n  b"]),
        ("a<select><option>b</select>c<video>d</video>e<svg><text>f</text></svg>", ["ace"]),
    ],
)
def test_what_stands_in_figures_and_form_elements_is_text(html: str, wanted: list[str]) -> None:
    assert lines(html) == wanted


@pytest.mark.parametrize(
    ("html", "wanted"),
    [
        ("<summary>When?</summary>At six", ["When?", "At six"]),
        ("<fieldset><legend>Boats</legend>Two</fieldset>", ["Boats", "Two"]),
        ("one<span style='display: block'>two</span>three", ["one", "two", "three"]),
        (
            "<dl><dt>Berth<dd>A place<dt>Fender<dd>A cushion</dl>after",
            ["Berth", "A place", "Fender", "A cushion", "after"],
        ),
        ("<ul><li>a<ul><li>b<li>c</ul><li>d</ul>", ["a", "b", "c", "d"]),
        ("<p>one<p>two<div>three</div>four", ["one", "two", "three", "four"]),
        ("<table><tr><td>a<td>b<tr><td>c<td><table><tr><td>d</table></table>", ["a\tb", "c", "d"]),
        ("<b>a<p>b</b>c</p>d", ["a", "bc", "d"]),
        ("<div>a</span></section>b</div>c", ["ab", "c"]),
        ("1 < 2 & 3 <4 &lt; &#62; &eacute; &notit; &#x80;&#0;", ["1 < 2 & 3 <4 < > é ¬it; €\ufffd"]),
        ("a<br>b<br/>c</br>d", ["a", "b", "c", "d"]),
        ("super<wbr>cali<b>frag</b>ile", ["supercalifragile"]),
        ("a&nbsp;b &nbsp; c\n\td", ["a b c d"]),
        ("a<!-- b > c -->d<!-->e<!doctype x>f<?php g ?>h<![CDATA[i]]>", ["adefh"]),
        ('<a title="x > y" href=z>link</a> text', ["link text"]),
        ("<script>if (1 < 2) '<p>'</script >a<style>b{}</style>c", ["ac"]),
        ("", []),
    ],
)
def test_each_block_is_a_line(html: str, wanted: list[str]) -> None:
    assert lines(html) == wanted


CODE = "def f(x):\n    if x:\n        return 1"


@pytest.mark.parametrize(
    "html",
    [
        f"<pre><code>{CODE}</code></pre>",
        f"<figure class=highlight><pre>\n{CODE}\n</pre></figure>",
        "<pre>" + "".join(f"<span class=line>{line}</span>\n" for line in CODE.split("\n")) + "</pre>",
        "<pre>" + "".join(f"<div>{line}</div>" for line in CODE.split("\n")) + "</pre>",
        "<code>"
        + CODE.replace("    ", "&nbsp;&nbsp;&nbsp; ").replace("\n", "<br>").replace("&nbsp; ", "&nbsp;&nbsp;")
        + "</code>",
        f"<p><span class=code>{CODE.replace('    ', '&nbsp;&nbsp;&nbsp;&nbsp;').replace(chr(10), '<br>')}</span></p>",
        f"<div style='white-space: pre'>{CODE}</div>",
        f"<div style='WHITE-SPACE:pre-wrap'>{CODE}</div>",
        f"<xmp>{CODE}</xmp>",
        "<table>"
        + "".join(f"<tr><td class=blob-num>{n}<td class=blob-code>{line}" for n, line in enumerate(CODE.split("\n")))
        + "</table>",
        f"<table><tr><td class=gutter><pre>1\n2\n3</pre><td class=code><pre>{CODE}</pre></table>",
    ],
)
def test_code_keeps_its_indentation(html: str) -> None:
    assert "\n".join(lines(f"<p>Before</p>{html}<p>Behind</p>")) == f"Before\n{CODE}\nBehind"


TEX = r"E_{n}(x)"
ANNOTATION = f'<annotation encoding="application/x-tex">{TEX}</annotation>'
MATHML = "<mi>E</mi><mo>(</mo><mi>x</mi><mo>)</mo>"


@pytest.mark.parametrize(
    "formula",
    [
        f"<math><semantics><mrow>{MATHML}</mrow>{ANNOTATION}</semantics></math>",
        f'<math alttext="{TEX}">{MATHML}</math>',
        f'<span class="katex"><span class="katex-mathml"><math>{MATHML}{ANNOTATION}</math></span>'
        '<span class="katex-html" aria-hidden="true">E(x)</span></span>',
        f'<span class="MathJax_Preview">E(x)</span><span class="MathJax"><nobr>E(x)</nobr></span>'
        f'<script type="math/tex">{TEX}</script>',
        f'<mjx-container class="MathJax"><mjx-math aria-hidden="true">E(x)</mjx-math><mjx-assistive-mml>'
        f'<math alttext="{TEX}">{MATHML}</math></mjx-assistive-mml></mjx-container>',
        f'<span class="mwe-math-element"><span style="display: none;"><math alttext="{{\\displaystyle {TEX}}}">{MATHML}'
        f'</math></span><img class="mwe-math-fallback-image-inline" alt="{{\\displaystyle {TEX}}}"></span>',
        f'<math alttext="{TEX}">{MATHML}</math><img class="mwe-math-fallback-image-inline" alt="{TEX}">',
        f'<img src="https://s0.example/latex.php?latex=E" alt="{TEX}" class="latex">',
    ],
)
def test_a_formula_is_its_tex_once(formula: str) -> None:
    assert lines(f"<p>where {formula} is zero") == [f"where ${TEX}$ is zero"]


@pytest.mark.parametrize(
    ("html", "wanted"),
    [
        ("10<sup>6</sup> litres", "10^6 litres"),
        ("3 km<sup>2</sup>, x<sup>n</sup>, 10<sup>-3</sup>", "3 km^2, x^n, 10^-3"),
        (
            "1<sup>st</sup>, M<sup>me</sup>, sailors<sup>1</sup>, it<sup><a href=x>[2]</a></sup>",
            "1st, Mme, sailors1, it[2]",
        ),
        ("H<sub>2</sub>O", "H2O"),
        ("<math><msup><mi>x</mi><mn>2</mn></msup><mo>+</mo><mfrac><mn>1</mn><mn>2</mn></mfrac></math>", "x^2+1/2"),
    ],
)
def test_exponents_are_told_from_notes(html: str, wanted: str) -> None:
    assert lines(html) == [wanted]


@pytest.mark.parametrize(
    "tag",
    [
        "<span style='display:none'>",
        "<p style='DISPLAY : NONE !important'>",
        "<p hidden>",
        "<div hidden=''>",
        "<p style='visibility:hidden'>",
        "<div style='position:absolute; left:-9999px'>",
        "<div style='text-indent:-5000em'>",
        "<span style='font-size:0'>",
        "<div style='width:0;height:0;overflow:hidden'>",
    ],
)
def test_what_is_hidden_is_left_out(tag: str) -> None:
    name = tag[1:].split()[0].rstrip(">")
    assert lines(f"<p>The wash house {tag}trap words</{name}>opens at six.") in (
        ["The wash house opens at six."],
        ["The wash house", "opens at six."],
    )


@pytest.mark.parametrize(
    "tag",
    [
        "<body style='visibility:hidden'>",
        "<main hidden>",
        "<div class='faq-answer' style='display:none'>",
        "<div role=tabpanel hidden>",
        "<p style='font-size:0.9em; left: -5px'>",
        "<p hidden=until-found>",
    ],
)
def test_what_a_reader_can_open_or_a_script_shows_is_kept(tag: str) -> None:
    assert lines(f"{tag}Words") == ["Words"]


@pytest.mark.parametrize(
    ("html", "wanted"),
    [
        ("<ruby>停泊<rt>ていはく</rt></ruby>する", "停泊する"),
        ("<ruby>停泊<rp>（</rp><rt>ていはく</rt><rp>）</rp></ruby>する", "停泊（ていはく）する"),
        ("<ruby>停<rt>てい<rb>泊<rt>はく</ruby>する", "停泊する"),
        ("<ruby><rb>漢</rb><rb>字</rb><rtc><rt>かん</rt><rt>じ</rt></rtc></ruby>", "漢字"),
    ],
)
def test_a_reading_aid_is_no_part_of_the_word(html: str, wanted: str) -> None:
    assert lines(html) == [wanted]
