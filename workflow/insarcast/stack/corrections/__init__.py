"""corrections: what is taken off the displacement of each date after the inversion.

The delay of a date enters its interferograms as a difference of two dates, so it cancels in every loop and passes the inversion
unchanged: taking it off the inverted series is the same as taking it off the interferograms, and no interferogram is lost where one
date's delay is not known.
"""
