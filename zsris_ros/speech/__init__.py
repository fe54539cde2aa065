"""Sound to words: what is said becomes an utterance, a text with a confidence and a beginning.

Needs no ROS. ``pocketsphinx`` finds the speech and recognises it; ``sounddevice``,
``faster-whisper`` and ``vosk`` are imported only where they are asked for.
"""
