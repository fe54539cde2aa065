"""The papers' methods: as published, as printed, their ablations, and variants for the robot."""
