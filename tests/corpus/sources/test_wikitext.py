"""Wikitext: the prose of MediaWiki's markup."""

from __future__ import annotations

import pytest

from corpus.sources.wikitext import extract_prose


@pytest.mark.parametrize(
    ("wikitext", "prose"),
    [
        ("Call <code>main()</code>, f() and <nowiki>''x''</nowiki>.", "Call main(), f() and x."),
        ("one<br>two<br />three<br/>four", "one\ntwo\nthree\nfour"),
        ("<p>One.</p><p>Two.</p>", "One.\n\nTwo."),
        ("l'''Iliade'' et l'''Odyssée''", "l'Iliade et l'Odyssée"),
        ("'''Bold''' and ''italic'' and '''''both'''''", "Bold and italic and both"),
        ("the dogs' '''best''' and L''''amour'''", "the dogs' best and L'amour"),
        ("这个-{zh-hans:软件;zh-hant:軟體}-很-{好}-。-{H|zh-cn:甲;zh-tw:乙}-", "这个软件很好。"),
        ("台-{zh-tw:軟體; zh-hk:軟件}-", "台軟體"),
        ("area <math>a^2</math>, {{math|''x''}}", "area $a^2$, x"),
        ("{{convert|93|m|ft}}, {{cvt|5|to|10|km}}, {{val|1.2|u=km}}", "93 m, 5 to 10 km, 1.2 km"),
        ("{{formatnum:3}} or {{formatnum|1000}} men", "3 or 1000 men"),
        ("({{lang|la|Vindobona}}), {{lang-de|Wien}} {{nowrap|10 km}}", "(Vindobona), Wien 10 km"),
        ("It is {{frac|1|2}} of {{circa|1900}}{{snd}}so", "It is 1/2 of c. 1900 – so"),
        ("{{Nihongo|Tokyo|東京|Tōkyō}} is", "Tokyo (東京, Tōkyō) is"),
        ("a {{unheard of|word}} here{{sfn|Smith|2000}}{{citation needed|date=May 2020}}{{r|a}}.", "a word here."),
        ("{{Infobox x|a=b}}\n{{main|Rivers}}\nText.", "Text."),
        ("a river (pronounced {{IPAc-en|a|b}}; ) flows ({{efn|x}}) on", "a river (pronounced ; ) flows on"),
        ("Text.\n[[fr:Paris]]\n[[zh-min-nan:Pa-lí]] [[:fr:Paris|French]]", "Text.\n\n French"),
        ("[[File:A.jpg|thumb|A]][[River|water]] [[sea]]<ref>note</ref>", "water sea"),
        ("* one\n* two\n# three", "one\ntwo\nthree"),
        ("== Course ==\nText", "Course\nText"),
        ("a &amp; b&nbsp;c &lt;br&gt;", "a & b\u00a0c <br>"),
        ("<syntaxhighlight lang=py>\nif x:\n    y()\n</syntaxhighlight>", "if x:\n    y()"),
    ],
)
def test_what_a_reader_sees_is_the_text(wikitext: str, prose: str) -> None:
    assert extract_prose(wikitext).strip() == prose
