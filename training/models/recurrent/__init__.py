"""Recurrent: LSTM (Hochreiter and Schmidhuber 1997), GRU (Cho et al. 2014) and RNN (Elman 1990) language models.

config -> network
"""
