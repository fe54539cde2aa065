"""Assembly of a frame from synchronised messages: an image and depth registered to it."""

from __future__ import annotations

from dataclasses import replace

from zsris_ros.camera import conversions
from zsris_ros.camera.compressed import decompress
from zsris_ros.camera.frame_buffer import SyncedMessages
from zsris_ros.camera.image_messages import (
    MAX_PIXELS,
    AnyImage,
    CameraInfo,
    RawImage,
    check_size,
    quoted,
)
from zsris_ros.types import Frame, InputError


def assemble_frame(
    messages: SyncedMessages[AnyImage, CameraInfo],
    assume_registered: bool = False,
    max_pixels: int = MAX_PIXELS,
) -> tuple[Frame, str]:
    """Assemble the frame, without unusable depth.

    Args:
        messages: The image with its depth and camera_info.
        assume_registered: Use depth whose frame_id differs from the image's.
        max_pixels: Largest image size.

    Returns:
        The frame, and a sentence with the reason where it has no depth in metres, else "".

    Raises:
        InputError: The image is unusable or too large.
    """
    image = decompress(messages.image.message, max_pixels)
    check_size(image.width, image.height, max_pixels)
    plain = conversions.to_frame(image)
    if messages.depth is None:
        return plain, ""
    try:
        depth = decompress(messages.depth.message, max_pixels)
        info = None if messages.info is None else messages.info.message
        _check_registered(image, depth, info, assume_registered)
        camera = None if info is None else conversions.to_intrinsics(info)
        metres = conversions.to_depth(depth)
        if camera is not None:
            metres = conversions.drop_depth_without_rays(metres, camera)
        frame = replace(plain, depth=metres, intrinsics=camera)
    except InputError as error:
        return plain, f"depth was not used: {error}"
    if camera is not None:
        return frame, ""
    missing = "no camera_info has come" if info is None else "the camera_info is not calibrated"
    return frame, f"without metres, because {missing}"


def _check_registered(
    image: RawImage, depth: RawImage, info: CameraInfo | None, assume_registered: bool
) -> None:
    """Raise InputError unless depth and camera_info have the image's size and frame."""
    size = image.width, image.height
    if (depth.width, depth.height) != size:
        raise InputError(
            f"it has {depth.width}x{depth.height} pixels and the image {size[0]}x{size[1]}; "
            "use depth that is aligned to the colour image"
        )
    frames = image.header.frame_id, depth.header.frame_id
    if all(frames) and frames[0] != frames[1] and not assume_registered:
        raise InputError(
            f"it is in the frame {quoted(frames[1])} and the image in {quoted(frames[0])}; use "
            "depth aligned to the colour image, or set assume_registered if it is aligned all the "
            "same"
        )
    # Some drivers publish 0x0 as the size.
    if info is not None and (info.width, info.height) not in (size, (0, 0)) and not _cropped(info):
        raise InputError(
            f"camera_info is for {info.width}x{info.height} pixels and the image has "
            f"{size[0]}x{size[1]}"
        )


def _cropped(info: CameraInfo) -> bool:
    """Return whether the image is binned or a region of the sensor."""
    return max(info.binning_x, info.binning_y) > 1 or info.roi.width > 0
