"""Checks of the chart's rendered output; run by scripts/check-chart.sh."""
