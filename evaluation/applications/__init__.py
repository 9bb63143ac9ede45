"""The applications of section 5, judged: a module each, on uint8 arrays, against a baseline that costs no training."""
