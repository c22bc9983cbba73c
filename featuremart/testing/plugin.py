"""pytest plugin for authors of features."""
