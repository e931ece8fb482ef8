"""Rights requests, erasure with its certificate, key epochs, restore, and the comparison of rows and log."""
