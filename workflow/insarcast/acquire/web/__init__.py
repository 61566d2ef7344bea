"""Everything between a URL and a verified file on disk, and the session that services are asked through."""
