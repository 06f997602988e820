"""Files to arrays and back: nothing learned here."""
