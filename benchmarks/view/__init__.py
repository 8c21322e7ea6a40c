"""View: how long the pages of `headwater view` take in a lake of many documents."""
