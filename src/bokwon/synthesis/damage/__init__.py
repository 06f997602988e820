"""Document damage as hole, class and appearance."""
