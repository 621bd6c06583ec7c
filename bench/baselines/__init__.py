"""Other ways to do what our roles do, to measure them beside ours."""
