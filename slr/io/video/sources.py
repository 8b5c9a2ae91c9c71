"""What frames come from: a video file, or a folder of images."""

from pathlib import Path

from slr.errors import ClipError
from slr.io.video.container import VideoFile
from slr.io.video.images import IMAGES_FPS, ImageFolder


def source_of(path: str | Path, images_fps: float | None) -> VideoFile | ImageFolder:
    """The source of the decoded frames of `path`, after checking for obvious errors; raises ClipError."""
    path = Path(path)
    try:
        if path.is_dir():
            return ImageFolder(path, images_fps or IMAGES_FPS)
        size = path.stat().st_size
    except FileNotFoundError:
        raise ClipError("the file is missing") from None
    except OSError as error:  # a name longer than the file system allows, no permission
        raise ClipError(f"the file can't be read ({error.strerror})") from None
    if size == 0:
        raise ClipError("the file is empty (0 bytes)")
    return VideoFile(path, size)
