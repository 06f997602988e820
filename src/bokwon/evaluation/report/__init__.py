"""From results to tables, plots and a page that opens by itself.

`compare.compare` and `tables.tables` have their modules' names, and `plots` needs matplotlib: import them from there.
"""

from bokwon.evaluation.report.blind import Tally, Trial, choose_trials, exact_interval, format_tally, tally, write_blind
from bokwon.evaluation.report.cases import Case, choose_cases, detail_window, outline
from bokwon.evaluation.report.compare import Comparison, Row, format_comparison
from bokwon.evaluation.report.html import draw_cases, to_html
from bokwon.evaluation.report.ink import summarise_ink
from bokwon.evaluation.report.markdown import table_text, to_markdown
from bokwon.evaluation.report.page import html_page, html_table
from bokwon.evaluation.report.results import collect, read_results, summaries, to_csv, to_json
from bokwon.evaluation.report.statistics import METRICS, Interval, Metric, crossed_interval, interval, summarise
from bokwon.evaluation.report.tables import (
    PUBLISHED,
    Table,
    cell_name,
    cost_table,
    figure_table,
    ink_table,
    interval_text,
    marked,
    overview_table,
    ratio_table,
)

__all__ = [
    "METRICS",
    "PUBLISHED",
    "Case",
    "Comparison",
    "Interval",
    "Metric",
    "Row",
    "Table",
    "Tally",
    "Trial",
    "cell_name",
    "choose_cases",
    "choose_trials",
    "collect",
    "cost_table",
    "crossed_interval",
    "detail_window",
    "draw_cases",
    "exact_interval",
    "figure_table",
    "format_comparison",
    "format_tally",
    "html_page",
    "html_table",
    "ink_table",
    "interval",
    "interval_text",
    "marked",
    "outline",
    "overview_table",
    "ratio_table",
    "read_results",
    "summaries",
    "summarise",
    "summarise_ink",
    "table_text",
    "tally",
    "to_csv",
    "to_html",
    "to_json",
    "to_markdown",
    "write_blind",
]
