"""After an erasure: nothing that was ever written opens, with any key that anybody still holds."""
