"""How the shipped weights are made: small on a CPU, fully on one GPU, by the same commands."""
