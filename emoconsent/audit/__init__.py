"""The log that tells on everyone: entries, the Merkle tree, signed heads, proofs, verification."""
