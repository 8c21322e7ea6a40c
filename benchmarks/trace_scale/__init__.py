"""Trace at scale: how long `headwater trace` takes in a lake of many documents."""
