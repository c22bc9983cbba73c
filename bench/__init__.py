"""Speed and memory, side by side in one run and reported as ratios: ``make bench``."""
