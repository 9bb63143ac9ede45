"""One script a rule: a function of paths and values, and a command line around it for the rule to call."""
