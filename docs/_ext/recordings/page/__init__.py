"""What a build does: replay recordings, and make pages and downloads from them."""
