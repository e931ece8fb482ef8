"""Who signs in: contact addresses, challenges, sessions, stop links, members of staff."""
