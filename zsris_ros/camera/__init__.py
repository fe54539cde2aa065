"""What a camera sends, turned into frames: messages that belong together become one ``Frame``.

``messages`` says what is needed of a message, whoever's class it is (a running ROS's or a bag
reader's); ``encodings`` and ``compressed`` know pixels, ``conversions`` makes them NumPy,
``frame_buffer`` matches messages by time, and ``moments`` makes a moment's messages a frame.
"""
