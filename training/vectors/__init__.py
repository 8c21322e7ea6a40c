"""Vectors: of words, learnt from which words stand near each other. numpy, scipy and gensim, no torch.

texts
  |
words         each text -> its words, prepared as the settings say
  |
numbered      the words that occur often enough, counted and numbered; all texts as runs of numbers
  |
word2vec      skip-gram and CBOW, by gensim        glove      GloVe
  |                                                  |
word_vectors  words with their vectors: the nearest ones, the word2vec text format
  |
agreement     with what people say: similarity and analogies
"""
