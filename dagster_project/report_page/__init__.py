"""Report page: the numbers of a recipe -> one self-contained page, charts and all, that opens without a network.

numbers (report.json) -> charts, headline, written_text -> page (templates/, static/)
report.json of all recipes -> charts                    -> recipe_index

static/echarts.min.js is Apache ECharts 6.1.0 as npm has it (Apache-2.0; static/echarts.LICENSE, static/echarts.NOTICE).
"""
