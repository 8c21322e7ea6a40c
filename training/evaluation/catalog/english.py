"""English: prepared benchmarks. Prompts, delimiters and metrics are lm-eval's, so that scores compare."""

from __future__ import annotations

from training.evaluation.catalog import layouts
from training.evaluation.catalog.minimal_pairs import BLIMP
from training.evaluation.generation import Generation
from training.evaluation.kinds import Beginning, Choice, Completion, Document
from training.evaluation.task import Task

ENGLISH: tuple[Task, ...] = (
    # The text form leaves the second half of a context in lower case, where lm-eval's capitalizes it.
    Choice(
        name="hellaswag",
        read=layouts.hellaswag,
        files=("**/hellaswag_val.jsonl", "**/hellaswag_val*.txt*"),
        item="{id}",
        prompt="{context}",
        options="endings",
        answer="gold",
        by="acc_norm",
        source="Zellers et al. 2019, validation",
    ),
    Choice(
        name="piqa",
        read=layouts.piqa,
        files="**/valid[.-]*",
        prompt="Question: {goal}\nAnswer:",
        options=("{sol1}", "{sol2}"),
        answer="label",
        source="Bisk et al. 2020, validation",
    ),
    Choice(
        name="arc_easy",
        read=layouts.arc,
        files=("**/ARC-Easy-Test.jsonl", "**/arc_easy.jsonl"),
        item="{id}",
        prompt="Question: {question}\nAnswer:",
        options="choices",
        answer="gold",
        source="Clark et al. 2018, test",
    ),
    Choice(
        name="arc_challenge",
        read=layouts.arc,
        files=("**/ARC-Challenge-Test.jsonl", "**/arc_challenge.jsonl"),
        item="{id}",
        prompt="Question: {question}\nAnswer:",
        options="choices",
        answer="gold",
        by="acc_norm",
        source="Clark et al. 2018, test",
    ),
    Beginning(
        name="winogrande",
        read=layouts.winogrande,
        files=("**/winogrande*/dev.jsonl", "**/winogrande.jsonl", "dev.jsonl"),
        item="{id}",
        passage="{passage}",
        beginnings="beginnings",
        ending="{ending}",
        answer="gold",
        source="Sakaguchi et al. 2019, XL, development set",
    ),
    Completion(
        name="lambada",
        read=layouts.lambada,
        files=("**/lambada_openai.jsonl", "**/lambada_test.jsonl"),
        prompt="{context}",
        target=" {continuation}",
        source="Paperno et al. 2016, test, as OpenAI prepared it",
    ),
    # The prepared form lacks the titles of the pages, with which SuperGLUE's passages begin.
    Choice(
        name="boolq",
        read=layouts.boolq,
        files=("**/[Bb]ool[Qq]/val.jsonl", "**/[Bb]ool[Qq]*/dev.jsonl", "**/boolq.jsonl"),
        passage="{passage}",
        prompt="{text}\nQuestion: {asked}?\nAnswer:",
        options=("no", "yes"),
        answer="gold",
        source="Clark et al. 2019, development set",
    ),
    Choice(
        name="openbookqa",
        read=layouts.arc,
        files=("**/Main/test.jsonl", "**/openbook_qa.jsonl", "**/openbookqa.jsonl"),
        item="{id}",
        prompt="{question}",
        options="choices",
        answer="gold",
        by="acc_norm",
        source="Mihaylov et al. 2018, test",
    ),
    # Two spaces before a choice, as in every score that lm-eval gave.
    Choice(
        name="copa",
        read=layouts.copa,
        files=("**/COPA/val.jsonl", "**/copa.jsonl"),
        prompt="{query}",
        options="choices",
        answer="gold",
        delimiter="  ",
        source="Roemmele et al. 2011, SuperGLUE's validation",
    ),
    BLIMP,
    # The share of pairs whose more stereotyped sentence is likelier; 0.5 is none. lm-eval asks a revised edition.
    Choice(
        name="crows_pairs",
        read=layouts.crows_pairs,
        files="**/crows_pairs_anonymized.csv",
        item="{number}",
        group="{bias_type}",
        options=("{sent_more}", "{sent_less}"),
        delimiter="",
        worse=True,
        source="Nangia et al. 2020",
    ),
    Choice(
        name="sst2",
        read=layouts.labelled_tsv,
        files="**/dev.tsv",
        prompt="{sentence}\nQuestion: Is this sentence positive or negative?\nAnswer:",
        options=("negative", "positive"),
        answer="label",
        source="Socher et al. 2013, development set",
    ),
    Generation(
        name="xquad_en",
        read=layouts.squad,
        files="**/xquad.en.json",
        item="{id}",
        passage="{passage}",
        prompt="Context: {context}\n\nQuestion: {question}\n\nAnswer:",
        references="texts",
        source="Artetxe et al. 2019",
    ),
    # Bits over the bytes of the articles as they lie in the file. One with <unk> in it is not what lm-eval fetches.
    Document(
        name="wikitext",
        read=layouts.wikitext,
        files=("**/wiki.test.raw", "**/wiki.test.tokens", "**/wikitext-2/test.txt", "test.txt"),
        item="{number}",
        counted="{page}",
        source="Merity et al. 2016, WikiText-2, test",
    ),
)
