"""Check that a translation says no more and no less than the English."""
