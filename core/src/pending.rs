//! Requests that wait for their answer.
