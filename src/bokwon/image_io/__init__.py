"""Files to pages and back: nothing learned here."""
