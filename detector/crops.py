"""The square crop around a face for the classifier."""

import cv2
import numpy as np
import numpy.typing as npt


def square_crop(
    frame: np.ndarray, xyxy: npt.ArrayLike, margin: float = 1.3, max_side: int = 256
) -> tuple[np.ndarray, np.ndarray]:
    """A square of `margin` x the box's height around the box's centre, in whole pixels, never distorted.

    `frame` is (H, W, 3) uint8 BGR, `xyxy` (4,) in its pixels. Returns the crop (S, S, 3) uint8, contiguous, and the
    square's own xyxy (4,) float32. Outside the frame, its edge pixels are replicated. The crop has the frame's
    resolution; if S would exceed `max_side`, it is downscaled by area averaging to S = max_side.

    An empty box gives one pixel, a box outside the frame the nearest place inside. The height is capped at the frame's
    longest side.
    """
    height, width = frame.shape[:2]
    x1, y1, x2, y2 = np.nan_to_num(np.asarray(xyxy, np.float64)).tolist()
    side = max(round(min(margin * (y2 - y1), margin * max(height, width))), 1)
    centre_x = min(max((x1 + x2) / 2, 0), width - 1)
    centre_y = min(max((y1 + y2) / 2, 0), height - 1)
    left, top = int(np.floor(centre_x - side / 2 + 0.5)), int(np.floor(centre_y - side / 2 + 0.5))
    right, bottom = left + side, top + side
    crop = frame[max(top, 0) : bottom, max(left, 0) : right]
    if crop.shape[:2] != (side, side):
        outside = max(-top, 0), max(bottom - height, 0), max(-left, 0), max(right - width, 0)
        crop = cv2.copyMakeBorder(crop, *outside, cv2.BORDER_REPLICATE)
    if side > max_side:
        crop = cv2.resize(crop, (max_side, max_side), interpolation=cv2.INTER_AREA)
    return np.ascontiguousarray(crop), np.array([left, top, right, bottom], np.float32)
