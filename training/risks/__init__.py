"""Risks: what a model may do wrong, as numbers with intervals beside what a harmless model would have.

perturbations -> robustness   how much worse texts are read with typing errors, look-alike letters, other case or spaces
              -> benchmarks   how much worse questions are answered that are written so
memorisation                  how often training text is continued word for word, beside text that was never seen
membership                    how well the loss tells training text from held-out text
canaries                      planted secrets: how far the model tells them apart from others
bias                          which of two sentences about different groups of people is likelier
toxicity_classifier           how to tell toxic text, by examples
        -> toxicity           bad words, toxic text and personal data in what the model writes

Each gives findings (findings.py). What filters do to groups of documents is told by headwater/risks/filters.py.
"""
