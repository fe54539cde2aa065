"""Place points of instructions, judged by the geometry of simulated scenes in MuJoCo."""
