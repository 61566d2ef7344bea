"""A simulated scene: what the ground, the air and the radar do, in numbers; nothing here knows of files."""
