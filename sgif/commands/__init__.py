"""The commands of `python -m sgif`, a module each: `add` gives it its arguments, and what it calls does it.

Imports of torch come after the arguments were found good: they take seconds.
"""
