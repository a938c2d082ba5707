//! The host's callbacks: one queue per client, in order, one at a time.
