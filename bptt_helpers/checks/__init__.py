"""Numerical gradients, "did I get it right?" for the exercises, the bug zoo, and solutions that cannot go stale."""
