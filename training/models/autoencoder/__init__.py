"""Autoencoder: texts as points, by LSTMs that make a point of a text and the text of it (Bowman et al. 2016).

config -> network
"""
