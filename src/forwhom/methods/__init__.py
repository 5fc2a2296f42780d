"""From cells and priors to draws: three rooms, each a method."""
