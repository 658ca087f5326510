"""This computer: its processes, folders, versions and git."""
