"""BART: an encoder and a decoder that restores the text that was damaged (Lewis et al. 2020).

config -> layers -> encoder_decoder
"""
