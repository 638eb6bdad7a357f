"""The main jobs as one call each: compare strategies, train one."""
