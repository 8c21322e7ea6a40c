"""GPT-2: a decoder with learned positions (Radford et al. 2019). config -> decoder"""
