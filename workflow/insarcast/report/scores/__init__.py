"""Whether the forecast of a grid can be trusted: skill, error, scorecard, coverage, gains, and whose scores are quoted."""
