"""Fine-tuning: a pretrained model and examples of a task -> a model for the task, and its scores.

rows -> fields -> data: files as examples        plan: all that decides a run
heads: the model, with a part for the task       inputs: texts as batches of tokens
tasks: what a kind of task is; classification, tagging, answering, writing, instructions, preferences; catalog
learner: the loop, transformers' Trainer; adversary, private: two others; guarantee: what the last promises
learning: which of them, and its model           finished: the folder that is left behind, and its model in use
"""
