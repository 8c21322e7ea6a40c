"""XGLM: a decoder with sinusoidal positions (Lin et al. 2022; Vaswani et al. 2017). config -> decoder"""
