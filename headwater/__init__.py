"""Headwater: what a person types. `cli` parses the command line; each verb is a module of commands/."""
