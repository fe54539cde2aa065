"""A scene and an expression become an answer: look once, refer often (``Segmenter``)."""
