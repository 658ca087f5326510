"""The index of error messages: what PyTorch prints, why, and which recipe shows it."""
