"""Contrasts: what is held against what, in pairs or in words, and the draws of what comes of it."""
