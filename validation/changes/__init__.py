"""Change control under a plan: the plan as a signed record, and the decision about a candidate by code."""
