"""Significance: what a score is worth, and whether two of them differ. numpy and scipy, no torch.

items of one result               items of two results, or of several seeds of each
    |                                 |
  clusters: sums of what belongs    alignment: the same items, in the same order, or a refusal
    together: value, weight           |
    |                               difference: B - A, its interval, p, and why that test
  resampling: of whole clusters       |
    |                               multiplicity: Holm over tasks, the least effect that could be seen
  intervals: value, low, high,        |
    standard error                  comparison: all tasks of two sides; centred: the mean over tasks
"""
