"""Catalog: the tasks of fine-tuning by name."""

from __future__ import annotations

from training.finetuning.answering import Answering
from training.finetuning.choice import Choice
from training.finetuning.classification import Classification, Regression
from training.finetuning.instructions import Instructions
from training.finetuning.preferences import Preferences
from training.finetuning.tagging import Tagging
from training.finetuning.tasks import Task
from training.finetuning.writing import Summarization, Translation

TASKS: dict[str, type[Task]] = {
    task.NAME: task
    for task in (
        *(Classification, Regression, Choice, Tagging, Answering),
        *(Translation, Summarization, Instructions, Preferences),
    )
}
