"""The gate: decision, permit, guarded call."""
