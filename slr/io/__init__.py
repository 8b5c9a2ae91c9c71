"""Files, shards, videos, resumable work on many clips, worker processes and progress bars."""
