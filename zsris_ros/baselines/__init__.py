"""The papers' methods beside the robot's: as published, as printed, and their ablations."""
