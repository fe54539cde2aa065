"""One module for each subcommand of ``zsris``: ``add_arguments(subparsers)`` and ``run(args)``.

Modules import heavy packages only inside ``run``, so that help is fast.
"""
