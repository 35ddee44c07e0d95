"""Pure values and decisions; standard library and numpy only."""
