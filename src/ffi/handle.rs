//! Handles: a slot and a generation in a pointer's coat. They are looked up, never dereferenced.

/// A client. Made by `ZIM_Create`, void after `ZIM_Destroy`. The pointer is a name, not an address: any other value is
/// recognized and refused with ZIMErrorCode_CommonModuleNotInit.
#[derive(Debug)]
pub struct ZIMClient {
    _private: [u8; 0],
}
