"""T5: an encoder, and a decoder that reads what it has read (Raffel et al. 2020).

config -> layers -> encoder_decoder
"""
