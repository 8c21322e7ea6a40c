from dataclasses import dataclass
from typing import Literal

import pytest

from corpus.config import check_choices, literal_choices


@dataclass(frozen=True, kw_only=True)
class Config:
    scope: Literal["host", "crawl"] = "host"
    schedule: Literal["cosine", "linear", "constant"] = "cosine"
    name: str = "any"


def test_the_fields_of_a_few_words_are_those_typed_so():
    assert literal_choices(Config) == {"scope": ("host", "crawl"), "schedule": ("cosine", "linear", "constant")}


def test_a_word_that_a_field_does_not_take_is_refused_by_name():
    check_choices(Config(scope="crawl", name="else"))

    with pytest.raises(ValueError, match=r"^schedule 'step' is unknown; choose one of cosine, linear, constant$"):
        check_choices(Config(schedule="step"))  # type: ignore[arg-type]
