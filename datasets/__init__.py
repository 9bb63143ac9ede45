"""datasets: clips to train on and to score, from anywhere to uint8 frames.

Role: the catalogue of the paper's scenes; the clip type and its file; fetching (download, cache or stage, verified),
decoding, encoding and resizing; synthetic scenes; and what every command line shares (errors, files, exit statuses).

Layer: the lowest. It imports nothing else of this project; `sgif`, `evaluation` and `workflow` import it.

Depends on: NumPy; imageio with Pillow and PyAV, which are imported only when something is decoded or encoded. Never on
torch.

The names below are loaded when they are first used, so that importing the package costs nothing.
"""

from importlib import import_module
from typing import Any

_HOME = {
    "Clip": "clip",
    "Entry": "catalogue",
    "InputError": "errors",
    "Limits": "limits",
    "PartialError": "errors",
    "Source": "sources",
    "contact_sheet": "encode",
    "entries": "catalogue",
    "find": "catalogue",
    "fitted_size": "resize",
    "load_clip": "clip",
    "make_clip": "clip",
    "obtain": "sources",
    "prepare": "resize",
    "read_video": "decode",
    "render": "synthetic",
    "require_minimum": "resize",
    "require_published": "sources",
    "resolve": "sources",
    "resolve_peers": "sources",
    "save_clip": "clip",
    "write_gif": "encode",
    "write_mp4": "encode",
    "write_png_folder": "encode",
}

__all__ = sorted(_HOME)


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'datasets' has no attribute '{name}'")
    return getattr(import_module(f"datasets.{_HOME[name]}"), name)
