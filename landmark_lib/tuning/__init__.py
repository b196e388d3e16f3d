"""The search for settings of a better ensemble: trials, shared by any number of workers."""
