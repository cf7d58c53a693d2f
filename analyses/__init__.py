"""Questions about city systems: indices, studies, reports and the command line."""
