"""Self-contained pages: one HTML file each, that works from disk and asks no network for anything.

Layer: evaluation; depends on `datasets` and on the cells, tables and figures of `evaluation`. Templates and scripts
are shared: a page is a template that extends `templates/base.html` and calls the macros of `templates/components.html`.
"""
