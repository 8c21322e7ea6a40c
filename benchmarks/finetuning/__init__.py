"""Fine-tuning: what pretraining is worth to small models, task by task: `make bench-finetuning`.

texts: what is pretrained on     tasks: the examples of each task, from ../shared/data/bench
runs: models pretrained once, one fine-tuning each       words: TF-IDF with logistic regression, beside which they stand
page: the table
sentences: SST-2 with further settings, for `make bench-adversarial` and `make bench-private`
"""
