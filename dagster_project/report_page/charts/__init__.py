"""Charts: numbers of the report -> options of Apache ECharts and the same numbers as a table; no code, no colours.

A colour is named by the style sheet's variable, "--accent", so that static/report.js can draw in light and dark.
"""
