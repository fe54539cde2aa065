"""Long measurements of the node, and the pages made from them."""
