"""Checkpoints: a trainer's state in, a folder in the Hugging Face layout out, and back.

files (atomic writes), tensors (safetensors), export (config, tokenizer) -> checkpoint (published, verified, found)
-> start (what another run begins with)
"""
