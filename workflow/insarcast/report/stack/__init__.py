"""What the displacement rests on: network, loops, noise and mask, corrections, the plan of an order, where the products are from."""
