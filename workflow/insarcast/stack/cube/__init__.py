"""The cube of one vintage: noise indices, mask and velocity beside the displacement."""
