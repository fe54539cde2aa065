"""Grasps measured by physics: MuJoCo closes a free-flying gripper on them, lifts and shakes."""
