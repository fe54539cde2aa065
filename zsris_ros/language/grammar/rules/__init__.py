"""The rules of the grammar, one file a construction: functions over the parser's state."""
