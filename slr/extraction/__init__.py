"""From videos to frames, and from frames to landmarks."""
