"""The subcommands that train: ``train``, ``train-language`` and ``train-vatex``."""
