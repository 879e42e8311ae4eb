"""For all tests: FFmpeg's chatter is set once per process, when OpenCV opens its first video, whoever does."""

import os

os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")
