"""The spatio-temporal filter: the air of each date, and the smooth part that stays."""
