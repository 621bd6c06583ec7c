"""What `capi doctor` checks. Each finding says what to do about it."""
