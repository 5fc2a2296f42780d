"""The quadrature method: groups integrated out numerically, any family."""
