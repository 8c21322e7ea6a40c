"""Log-bilinear: a language model of word vectors alone (Mnih and Hinton 2007). config -> network"""
