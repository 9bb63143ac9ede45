"""Figures of a benchmark: what is behind each is a tidy frame, drawn by one function and written beside the figure.

Role: a module a figure, with a function that makes its frame (where it is not given) and one that draws it; `style` has
the looks that all figures of the package share, and writes them.
Layer: above intervals, tables, comparisons and the leaderboard; reports and scripts take figures from here.
Depends on: matplotlib, seaborn, pandas; does not import torch.
"""
