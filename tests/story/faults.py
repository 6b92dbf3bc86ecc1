"""Faults that two whole nodes survive: a full disk, a wrong clock, a bad line, a flipped bit."""
