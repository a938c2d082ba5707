//! What a push to a callee who is not online shows.

use std::ffi::c_char;
use std::ptr;

use zim_protocol::call::{PushConfig, VoipConfig};
use zim_protocol::code::Fault;
use zim_protocol::limits;

use super::sized::{self, described};
use super::text;

/// Kind of a VoIP handle, as in Apple's CXHandle.HandleType. Passed as `int32_t`.
#[repr(i32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ZIMCXHandleType {
    /// Anything. The default.
    Generic = 1,
    PhoneNumber = 2,
    EmailAddress = 3,
}

/// VoIP part of a push, for iOS. Start from `ZIM_VOIP_CONFIG_INIT`.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct ZIMVoIPConfig {
    /// Size of this struct in bytes; `ZIM_VOIP_CONFIG_INIT` sets it.
    pub struct_size: u32,
    /// A ZIMCXHandleType; ZIMCXHandleType_Generic by default.
    pub ios_voip_handle_type: i32,
    /// 1 if the call has video, else 0 (the default).
    pub ios_voip_has_video: i32,
    /// The handle that is shown: at most 256 bytes of UTF-8. NULL (the default) means none.
    pub ios_voip_handle_value: *const c_char,
}

described!(ZIMVoIPConfig { struct_size, ios_voip_handle_type, ios_voip_has_video, ios_voip_handle_value });

impl sized::HostStruct for ZIMVoIPConfig {
    const DEFAULT: Self = ZIMVoIPConfig {
        struct_size: sized::size_of_u32::<Self>(),
        ios_voip_handle_type: ZIMCXHandleType::Generic as i32,
        ios_voip_has_video: 0,
        ios_voip_handle_value: ptr::null(),
    };
}

/// A push to those who are not online. Start from `ZIM_PUSH_CONFIG_INIT`. All texts are NULL by default, which means
/// an empty text, and are UTF-8.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct ZIMPushConfig {
    /// Size of this struct in bytes; `ZIM_PUSH_CONFIG_INIT` sets it.
    pub struct_size: u32,
    /// Title: at most 256 bytes.
    pub title: *const c_char,
    /// Text below the title: at most 1,024 bytes.
    pub content: *const c_char,
    /// Data for the app: at most 2,048 bytes.
    pub payload: *const c_char,
    /// Names a set of push settings of the app: at most 256 bytes.
    pub resources_id: *const c_char,
    /// Groups notifications: at most 256 bytes.
    pub thread_id: *const c_char,
    /// 1 to change the number on the app's icon by `badge_increment`, else 0 (the default).
    pub enable_badge: i32,
    /// What `enable_badge` adds; 0 by default.
    pub badge_increment: i32,
    /// VoIP part; NULL (the default) means none. Read during the call only.
    pub voip_config: *const ZIMVoIPConfig,
}

described!(ZIMPushConfig {
    struct_size,
    title,
    content,
    payload,
    resources_id,
    thread_id,
    enable_badge,
    badge_increment,
    voip_config
});

impl sized::HostStruct for ZIMPushConfig {
    const DEFAULT: Self = ZIMPushConfig {
        struct_size: sized::size_of_u32::<Self>(),
        title: ptr::null(),
        content: ptr::null(),
        payload: ptr::null(),
        resources_id: ptr::null(),
        thread_id: ptr::null(),
        enable_badge: 0,
        badge_increment: 0,
        voip_config: ptr::null(),
    };
}

/// # Safety
/// NULL (no push) or a `ZIMPushConfig` of `struct_size` bytes; its strings NUL-terminated, its `voip_config` NULL or
/// likewise.
pub unsafe fn push_config(config: *const ZIMPushConfig) -> Result<Option<PushConfig>, Fault> {
    if config.is_null() {
        return Ok(None);
    }
    // SAFETY: as the caller promises; so for every string of the struct.
    let config = unsafe { sized::read(config, "push_config") }?;
    // SAFETY: as above.
    let title = unsafe { text::or_empty(config.title, "push title", limits::PUSH_TITLE_BYTES) }?;
    // SAFETY: as above.
    let content = unsafe { text::or_empty(config.content, "push content", limits::PUSH_CONTENT_BYTES) }?;
    // SAFETY: as above.
    let payload = unsafe { text::or_empty(config.payload, "push payload", limits::PUSH_PAYLOAD_BYTES) }?;
    // SAFETY: as above.
    let resources_id = unsafe { text::or_empty(config.resources_id, "push resources_id", limits::PUSH_TEXT_BYTES) }?;
    // SAFETY: as above.
    let thread_id = unsafe { text::or_empty(config.thread_id, "push thread_id", limits::PUSH_TEXT_BYTES) }?;
    // SAFETY: NULL or a struct, as the caller promises.
    let voip = unsafe { voip_config(config.voip_config) }?;
    Ok(Some(PushConfig {
        title,
        content,
        payload,
        resources_id,
        thread_id,
        enable_badge: sized::flag("enable_badge", config.enable_badge)?,
        badge_increment: config.badge_increment,
        voip,
    }))
}

/// # Safety
/// NULL (none) or a `ZIMVoIPConfig` of `struct_size` bytes, its string NUL-terminated.
unsafe fn voip_config(config: *const ZIMVoIPConfig) -> Result<Option<VoipConfig>, Fault> {
    const KINDS: [i32; 3] =
        [ZIMCXHandleType::Generic as i32, ZIMCXHandleType::PhoneNumber as i32, ZIMCXHandleType::EmailAddress as i32];
    if config.is_null() {
        return Ok(None);
    }
    // SAFETY: as the caller promises.
    let config = unsafe { sized::read(config, "voip_config") }?;
    let handle_type = config.ios_voip_handle_type;
    if !KINDS.contains(&handle_type) {
        return Err(Fault::params(format!(
            "ios_voip_handle_type must be 1 (Generic), 2 (PhoneNumber) or 3 (EmailAddress); got {handle_type}"
        )));
    }
    // SAFETY: the string of the host's struct is NULL or NUL-terminated.
    let handle_value =
        unsafe { text::or_empty(config.ios_voip_handle_value, "ios_voip_handle_value", limits::PUSH_TEXT_BYTES) }?;
    Ok(Some(VoipConfig {
        handle_type,
        handle_value,
        has_video: sized::flag("ios_voip_has_video", config.ios_voip_has_video)?,
    }))
}
