"""Who may do what: people, their roles and training, their second factor, lock-out and sessions."""
