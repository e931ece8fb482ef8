"""The portal in a real browser: journeys, accessibility, keyboard, both languages."""
