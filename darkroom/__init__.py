"""The command `darkroom`: it starts the processes and stands above bots and worker."""
