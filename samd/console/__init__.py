"""What people see and start: the pages of the console and the commands."""
