"""Reading data: files and frames into frozen tables of plain arrays, and tidy tables back."""

from forwhom.data.load import load
from forwhom.data.table import Column, ColumnSchema, Table
from forwhom.data.tidy import DATA_FRAMES, Frame, Tidy

__all__ = ["DATA_FRAMES", "Column", "ColumnSchema", "Frame", "Table", "Tidy", "load"]
