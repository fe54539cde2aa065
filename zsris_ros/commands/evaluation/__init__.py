"""The subcommands `zsris eval`, `zsris calibrate` and `zsris convert-osd`, and their data sets."""
