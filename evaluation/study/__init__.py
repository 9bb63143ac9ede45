"""The study of whether people take generated clips for real ones: built, shown, imported and analysed.

Role: a bundle of sheets, media and one static page for raters, from clips and samples; a key that never lies in the
bundle; then votes from what comes back, and rates, agreement and a report from the votes.
Layer: the top of `evaluation`, beside `report`; imports `datasets` and `evaluation` only.
"""
