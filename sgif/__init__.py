"""SinGAN-GIF: a generative model of one short clip (Arora & Lee, WACV 2021).

Role: turn a clip into a pyramid of trained generators, and those into samples.
Layer: imports `datasets`; never `evaluation` or `workflow`.

The main path: `presets.resolve` makes the `config`; `run.train` plans the `pyramid` of scales and hands each to the
`trainer`, which builds `generators` and `critics` from `layers` and steps their `losses`; `model` is the pyramid of
trained generators; `checkpoint` stores each; `sampler` draws clips from a finished run.
"""
