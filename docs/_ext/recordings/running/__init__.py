"""Run recipes, each in a process of its own, and write their recordings."""
