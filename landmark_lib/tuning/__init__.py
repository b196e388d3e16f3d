"""The search for settings that make a better ensemble: trials, shared by any number of workers."""
