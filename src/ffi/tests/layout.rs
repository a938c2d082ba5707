//! Layouts and defaults of all structs, as `tests/abi/layout.txt` lists them. A C program prints the same list.

use std::fmt::Write;
use std::ptr;

use super::assert_checked_in;
use crate::ffi::call::{ZIMCallAcceptConfig, ZIMCallCancelConfig, ZIMCallInviteConfig, ZIMCallRejectConfig};
use crate::ffi::error::ZIMError;
use crate::ffi::event::ZIMEventHandler;
use crate::ffi::info::*;
use crate::ffi::life::ZIMAppConfig;
use crate::ffi::log::{ZIMCacheConfig, ZIMLogConfig};
use crate::ffi::push::{ZIMPushConfig, ZIMVoIPConfig};
use crate::ffi::session::ZIMUserInfo;
use crate::ffi::sized::{Described, HostStruct};

#[derive(Default)]
struct List {
    text: String,
    names: Vec<&'static str>,
}

impl List {
    fn out<T: Described>(&mut self) {
        writeln!(self.text, "struct {} {}", T::NAME, size_of::<T>()).unwrap();
        let mut end = 0;
        for field in T::FIELDS {
            assert!(field.offset >= end, "{}.{} is out of order", T::NAME, field.name);
            end = field.offset + field.size;
            writeln!(self.text, "field {}.{} {} {}", T::NAME, field.name, field.offset, field.size).unwrap();
        }
        // A field appended later must not lie where an older program's struct had padding.
        assert_eq!(end, size_of::<T>(), "{} ends with padding", T::NAME);
        assert_eq!((T::FIELDS[0].name, T::FIELDS[0].size), ("struct_size", 4));
        self.names.push(T::NAME);
    }

    fn host<T: HostStruct>(&mut self) {
        self.out::<T>();
        let value = T::DEFAULT;
        for field in T::FIELDS {
            // SAFETY: the bytes of one field, which are all initialized.
            let bytes =
                unsafe { std::slice::from_raw_parts(ptr::from_ref(&value).cast::<u8>().add(field.offset), field.size) };
            let bytes: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
            writeln!(self.text, "default {}.{} {bytes}", T::NAME, field.name).unwrap();
        }
    }
}

#[test]
#[cfg(all(target_pointer_width = "64", target_endian = "little"))]
fn the_list_of_layouts_is_up_to_date() {
    let mut list = List::default();
    list.host::<ZIMAppConfig>();
    list.host::<ZIMLogConfig>();
    list.host::<ZIMCacheConfig>();
    list.host::<ZIMEventHandler>();
    list.host::<ZIMUserInfo>();
    list.host::<ZIMVoIPConfig>();
    list.host::<ZIMPushConfig>();
    list.host::<ZIMCallInviteConfig>();
    list.host::<ZIMCallCancelConfig>();
    list.host::<ZIMCallAcceptConfig>();
    list.host::<ZIMCallRejectConfig>();
    list.out::<ZIMError>();
    list.out::<ZIMErrorUserInfo>();
    list.out::<ZIMCallUserInfo>();
    list.out::<ZIMCallInvitationSentInfo>();
    list.out::<ZIMCallInvitationReceivedInfo>();
    list.out::<ZIMCallInvitationCreatedInfo>();
    list.out::<ZIMCallInvitationCancelledInfo>();
    list.out::<ZIMCallInvitationAcceptedInfo>();
    list.out::<ZIMCallInvitationRejectedInfo>();
    list.out::<ZIMCallInvitationTimeoutInfo>();
    list.out::<ZIMCallInvitationEndedInfo>();
    list.out::<ZIMCallUserStateChangeInfo>();

    let header = super::text("include/zim.h");
    let mut declared: Vec<_> =
        header.lines().filter_map(|line| line.strip_prefix("typedef struct ")?.strip_suffix(" {")).collect();
    let mut listed = list.names.clone();
    declared.sort_unstable();
    listed.sort_unstable();
    assert_eq!(listed, declared, "every struct of the header is listed");
    assert_checked_in("tests/abi/layout.txt", &list.text);
}
