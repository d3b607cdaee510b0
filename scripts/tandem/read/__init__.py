"""What does the page say? Markdown → Page → Walk."""
