"""How fast what is seen at a pixel moves."""

from itertools import pairwise

import numpy as np


def speeds(frames: np.ndarray) -> np.ndarray:
    """Length of the optical flow (Farnebäck 2003) from each frame to the next, in pixels; the last frame's is repeated.

    Arguments:
        frames: uint8 [T, H, W, 3], at least 2 frames.

    Returns:
        float32 [T, H, W].
    """
    import cv2

    grey = [cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY) for frame in frames]
    flows = [cv2.calcOpticalFlowFarneback(one, two, None, 0.5, 3, 15, 3, 5, 1.2, 0) for one, two in pairwise(grey)]
    lengths = np.linalg.norm(np.stack(flows), axis=-1).astype(np.float32)
    return np.concatenate([lengths, lengths[-1:]])
