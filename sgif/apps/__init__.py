"""The paper's applications (section 5), a module each: clips made by a finished run, through its sampler and model."""
