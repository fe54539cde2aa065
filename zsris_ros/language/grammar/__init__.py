"""The grammar of referring expressions: tokens, the parser's state and the reader of all rules."""
