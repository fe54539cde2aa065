"""zsris_ros: zero-shot referring image segmentation as a ROS 2 package.

A frame is looked at once, and any number of referring expressions are then answered about it::

    scene = segmenter.look(frame)
    referral = segmenter.refer(scene, "the red mug left of the laptop")

The generated modules ``zsris_ros.msg``, ``srv`` and ``action`` live in the installed package of the
same name; extending the path makes a checkout's modules and the installed interfaces one package.
"""

from pkgutil import extend_path

__path__ = extend_path(__path__, __name__)
__version__ = "0.1.0"
