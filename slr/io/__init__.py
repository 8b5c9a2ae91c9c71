"""Files, shards, videos, resumable clip-wise processing, worker processes and progress bars."""
