"""Tell people what changed between the recordings of a commit and those of now."""
