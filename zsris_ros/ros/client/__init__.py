"""A service client of refer_segment_node, and a bag player."""
