"""The LiCSAR portal: index pages, frames of an area, and the files of one frame."""
