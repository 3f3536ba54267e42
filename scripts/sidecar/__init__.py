"""What the training scripts share. Nothing here imports torch before a run file was read."""
