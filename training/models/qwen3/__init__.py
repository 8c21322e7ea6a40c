"""Qwen3: a decoder with rotary positions, grouped queries and gated layers.

config;  cache, layers -> transformer
"""
