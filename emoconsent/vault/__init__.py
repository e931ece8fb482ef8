"""The vault: keys and epochs, the envelope, emotion records, reading them through principals."""
