"""Video input and output: RGB frames with media times from a file or a folder of images; H.264 files from frames.

`clock` says what a time is, `container` decodes, `picture` makes frames look as a player shows them, and `spans` finds
the frames of a span of seconds.
"""

from slr.io.video.container import VIDEO_SUFFIXES
from slr.io.video.images import IMAGE_SUFFIXES, IMAGES_FPS
from slr.io.video.reading import Frame, VideoInfo, announced_frames, decode, probe, read_video
from slr.io.video.spans import frame_ranges
from slr.io.video.writing import write_video

__all__ = ["IMAGES_FPS", "IMAGE_SUFFIXES", "VIDEO_SUFFIXES", "Frame", "VideoInfo", "announced_frames", "decode",
           "frame_ranges", "probe", "read_video", "write_video"]
