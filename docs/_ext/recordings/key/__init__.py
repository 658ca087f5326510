"""What a recording depends on, and the key that is made from it."""
