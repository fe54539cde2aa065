"""Speech recognition without ROS: sound to text with a confidence and a start time.

pocketsphinx detects and recognises speech; sounddevice, faster-whisper and vosk are imported on
first use.
"""
