"""The NUTS method: every parameter sampled together, any model."""
