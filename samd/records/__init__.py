"""What is remembered: rows, and the functions that change them together with the audit trail."""
