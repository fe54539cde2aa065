"""One module for each subcommand of ``zsris``: ``add_arguments(subparsers)`` and ``run(args)``.

Nothing heavy is imported before a command runs, so that the command's help comes at once.
"""
