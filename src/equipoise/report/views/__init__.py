"""What the page says, worked out before any markup."""
