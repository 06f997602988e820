"""From results to tables, plots and a page that opens by itself."""
