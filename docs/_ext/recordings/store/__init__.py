"""Keep recordings as executed notebooks, wherever fsspec can reach."""
