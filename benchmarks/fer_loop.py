"""The package `fer`'s own loop over a video, in an interpreter that has it: python fer_loop.py VIDEO.

Prints frames per second, without the seconds that loading takes. With its default detector, OpenCV's cascade. Imports
nothing of this project, whose packages that interpreter need not have.
"""

import sys
import tempfile
import time

from fer.classes import Video
from fer.fer import FER


def main(video: str) -> None:
    """Analyse all frames and print the rate."""
    with tempfile.TemporaryDirectory() as folder:
        detector, film = FER(), Video(video, outdir=folder)
        began = time.perf_counter()
        found = film.analyze(detector, display=False, save_frames=False, save_video=False, annotate_frames=False)
        print(len(found) / (time.perf_counter() - began))


if __name__ == "__main__":
    main(sys.argv[1])
