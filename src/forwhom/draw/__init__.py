"""Text and figures: what is drawn with, whatever is drawn."""
