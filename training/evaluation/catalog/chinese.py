"""Chinese: prepared benchmarks. The exams' and XQuAD's prompts are lm-eval's; for FewCLUE it has none."""

from __future__ import annotations

from training.evaluation.catalog import layouts
from training.evaluation.catalog.minimal_pairs import ZHOBLIMP
from training.evaluation.catalog.subjects import CEVAL, CMMLU
from training.evaluation.generation import Generation
from training.evaluation.kinds import Choice
from training.evaluation.task import Task

LETTERS = ("A", "B", "C", "D")
EXAM = "{question}\nA. {a}\nB. {b}\nC. {c}\nD. {d}\n答案："
TOPICS = {
    100: "故事",
    101: "文化",
    102: "娱乐",
    103: "体育",
    104: "财经",
    106: "房产",
    107: "汽车",
    108: "教育",
    109: "科技",
    110: "军事",
    112: "旅游",
    113: "国际",
    114: "股票",
    115: "农业",
    116: "游戏",
}

CHINESE: tuple[Task, ...] = (
    ZHOBLIMP,
    Choice(
        name="cmmlu",
        read=layouts.exam(CMMLU),
        files="**/test/*.csv",
        item="{id}",
        group="{subject}",
        language="zh",
        preamble="以下是关于{name}的单项选择题，请直接给出正确答案的选项。\n\n",
        shots=5,
        shots_from="**/dev/*.csv",
        prompt=EXAM,
        options=LETTERS,
        answer="answer",
        labels=LETTERS,
        source="Li et al. 2023, test, 5 shots of its development set",
    ),
    Choice(
        name="ceval",
        read=layouts.exam(CEVAL),
        files="**/val/*_val.csv",
        item="{id}",
        group="{subject}",
        language="zh",
        preamble="以下是中国关于{name}的单项选择题，请选出其中的正确答案。\n\n",
        shots=5,
        shots_from="**/dev/*_dev.csv",
        prompt=EXAM,
        options=LETTERS,
        answer="answer",
        labels=LETTERS,
        source="Huang et al. 2023, validation, 5 shots of its development set",
    ),
    # By characters, as XQuAD's authors count Chinese; lm-eval takes a whole answer for one word.
    Generation(
        name="xquad_zh",
        read=layouts.squad,
        files="**/xquad.zh.json",
        item="{id}",
        passage="{passage}",
        language="zh",
        prompt="语境: {context}\n\n问题: {question}\n\n回答:",
        references="texts",
        source="Artetxe et al. 2019",
    ),
    Choice(
        name="eprstmt",
        files="**/eprstmt/test_public.json",
        item="{id}",
        language="zh",
        prompt="{sentence}\n这条评论的态度是",
        options=("消极", "积极"),
        answer="label",
        labels=("Negative", "Positive"),
        delimiter="",
        source="FewCLUE, Xu et al. 2021, public test",
    ),
    Choice(
        name="tnews",
        files="**/tnews/test_public.json",
        item="{id}",
        language="zh",
        prompt="{sentence}\n这条新闻的类别是",
        options=tuple(TOPICS.values()),
        answer="label",
        labels=tuple(map(str, TOPICS)),
        delimiter="",
        source="FewCLUE, Xu et al. 2021, public test",
    ),
    Choice(
        name="ocnli",
        files="**/ocnli/test_public.json",
        item="{id}",
        passage="{prem_id}",
        language="zh",
        prompt="{sentence1}\n",
        options=("是的，{sentence2}", "也许，{sentence2}", "不，{sentence2}"),
        answer="label",
        labels=("entailment", "neutral", "contradiction"),
        delimiter="",
        source="FewCLUE, Xu et al. 2021, public test; Hu et al. 2020",
    ),
)
