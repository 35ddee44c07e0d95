"""After market: whether a model still meets what it was validated on, by a plan signed before."""
