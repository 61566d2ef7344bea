"""How the ground moved: velocity, displacement, what is fitted beside, and the numbers of a cube that all others share."""
