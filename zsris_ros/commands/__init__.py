"""One module for each subcommand of ``zsris``: ``add_arguments(subparsers)`` and ``run(args)``.

``evaluation/`` and ``training/`` hold the subcommands of the development wing. Modules import heavy
packages only inside ``run``, so that help is fast.
"""
