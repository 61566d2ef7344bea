"""order: interferograms of an area made by HyP3, each job sent and paid once.

plan.py makes a plan, orders.py has it made; shown.py and state.py tell, while the workflow is planned, what a person has agreed to and
what has changed in the cache. Below them:

scenes/    which acquisitions there are: the search, tracks, passes, bursts, frames, dates, baselines
network/   which of them are paired
service/   HyP3 itself: its API, its jobs and prices, what it would refuse, what was sent to it
delivery/  from finished jobs to unpacked products in the cache
"""
