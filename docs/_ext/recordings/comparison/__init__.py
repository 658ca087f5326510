"""Compare a recording with what the recipe gives when it is run again."""
