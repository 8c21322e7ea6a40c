"""About: what docs/proof.md says beside the numbers."""

ABOUT = """# Proof

Is text better for training when Headwater has made it? Models are trained on what different pipelines make of the same
pages, with one budget, one vocabulary and one model, and scored on text written by people that none of them has seen.
`make proof PROOF=main` computes what is missing and writes this page from the scores of all runs, which are stored in
`benchmarks/results/proof`; `python -m benchmarks.proof` writes it without computing.

How it is done, and what it can show, is told [below](#method).
"""
METHOD = """## Method

- **Pages.** The responses of real WARC files in one language (by fastText, on all text of a page), written as one crawl
  from which all arms start. Near copies that were planted for other tests are left out, and so is every page by which
  Headwater's choice of main text was fitted. To the few Chinese pages come those of an archive of MDN.
- **Arms.** Headwater's recipe `base` as it comes; datatrove's FineWeb recipe and Dolma's rules for Common Crawl, each
  in an environment of its own (`benchmarks/proof/peers` says what had to differ); all text of the pages by resiliparse;
  and Headwater's with one part left out or changed. What a peer has made goes through Headwater's tokenizer and trainer
  as it is.
- **Scores.** Bits per byte of news, of Wikipedia (both of 2025, 125 texts each) and of five genres of the web; in
  German of Wikipedia; in Chinese of articles about Linux and of poems of the Tang and Song dynasties. In English bits
  per byte of the right answers of ARC-Easy, HellaSwag and PIQA, and the bits of choosing the right sentence of
  BLiMP's pairs. At this size accuracy carries no signal, and these do (DataDecide, Magnusson et al. 2025).
  Documents that hold one of these texts are taken out of every arm by [contamination](contamination.md).
- **One vocabulary** of {vocabulary:,} tokens, learnt from other texts of the kinds that are scored, so that it fits
  no arm.
- **One budget** for every arm of a table, whatever it keeps: an arm with little data reads it more often. With 400,000
  tokens no arm reads much of it twice, and what counts is how good its text is; with 800,000, the default, the smallest
  arm is read twice or three times, and how much of the crawl is left counts as well; with many more it counts most.
  The model has 2.6 million parameters ([the preset `tiny`](training.md)), and trains in batches of 2,048 tokens.
- **Statistics** are those of [`headwater compare`](comparing.md): paired over items and seeds, p corrected for the
  number of tasks (Holm). The mean over domains is compared over seeds (Welch). Three seeds tell little of how much
  seeds differ: `trimmed`, whose text is nearly Headwater's own, is 0.3 % better with p 0.014, so less says nothing.
- **Wikipedia** is where all text of the pages does better: it has three times as many names as what Headwater leaves of
  them, in lists and menus, and an article of Wikipedia is full of names.
- A difference at this size is no promise for a model a thousand times larger. What several epochs of little data cost
  is part of the comparison, as it is for whoever has this crawl and no other.
"""
