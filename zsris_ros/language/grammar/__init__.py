"""The grammar of referring expressions: one file a rule, over a shared list of tokens."""
