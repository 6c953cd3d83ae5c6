"""Rules about backups, their copies, their restore tests, and data that no backup holds."""
