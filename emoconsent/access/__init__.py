"""Who may do what: principals, roles, the permission table."""
