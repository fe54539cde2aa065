"""Camera messages to frames.

``image_messages`` declares the message fields in use, of ROS or of a bag reader. ``encodings`` and
``compressed`` decode pixels, ``conversions`` converts messages to NumPy, ``frame_buffer`` matches
messages by time, and ``frame_assembly`` converts synchronised messages to a ``Frame``.
``image_files`` reads images from files.
"""
