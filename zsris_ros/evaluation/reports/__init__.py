"""Reports: figures, tables and pages from the records of an evaluation."""
