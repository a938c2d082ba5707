//! The tokio side: socket, timers, reconnect. Drives `zim_core::session::ClientSession`.
