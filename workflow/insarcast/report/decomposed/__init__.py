"""Vertical and east-west motion, solved from several lines of sight."""
