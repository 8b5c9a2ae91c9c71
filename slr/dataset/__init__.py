"""What the stages hand one another: readers and writers of each file and folder below `data/`, and nothing else."""
