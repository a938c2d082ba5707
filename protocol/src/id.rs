//! The names of things: checked when they are made, cheap to copy, ordered.

use core::fmt;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::code::Fault;
use crate::limits;

/// What a user ID may contain besides ASCII letters and digits.
pub const USER_ID_CHARACTERS: &str = " !#$%&()+-:;<=.>?@[]^_{}|~";

macro_rules! id_type {
    ($(#[$doc:meta])* $name:ident, $what:literal, $max:expr, $allowed:expr, $rule:expr) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(Arc<str>);

        impl $name {
            /// Checks the text and keeps a copy of it.
            pub fn parse(text: &str) -> Result<Self, Fault> {
                checked(text, $what, $max, $allowed, $rule).map(Self)
            }

            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Debug::fmt(&self.0, f)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.0)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                struct Visitor;
                impl de::Visitor<'_> for Visitor {
                    type Value = $name;
                    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                        f.write_str(concat!("a string, the ", $what))
                    }
                    fn visit_str<E: de::Error>(self, text: &str) -> Result<$name, E> {
                        $name::parse(text).map_err(|fault| E::custom(fault.message))
                    }
                }
                deserializer.deserialize_str(Visitor)
            }
        }
    };
}

id_type!(
    /// A user of one app.
    UserId, "user ID", limits::USER_ID_BYTES,
    |c| c.is_ascii_alphanumeric() || USER_ID_CHARACTERS.as_bytes().contains(&c),
    "bytes of ASCII letters, digits, blank and ! # $ % & ( ) + - : ; < = . > ? @ [ ] ^ _ { } | ~"
);
id_type!(
    /// One invitation process; made by the inviting client.
    CallId, "call ID", limits::CALL_ID_BYTES, |c| c.is_ascii_graphic(), "visible ASCII characters"
);
id_type!(
    /// One device of a user.
    DeviceId, "device ID", limits::DEVICE_ID_BYTES, |c| c.is_ascii_graphic(), "visible ASCII characters"
);
id_type!(
    /// One request of a client; unique for user and device.
    RequestId, "request ID", limits::OPAQUE_ID_BYTES, |c| c.is_ascii_graphic(), "visible ASCII characters"
);
id_type!(
    /// One session; made by the server, unguessable.
    SessionId, "session ID", limits::OPAQUE_ID_BYTES, |c| c.is_ascii_graphic(), "visible ASCII characters"
);

fn checked(text: &str, what: &str, max: usize, allowed: fn(u8) -> bool, rule: &str) -> Result<Arc<str>, Fault> {
    if text.is_empty() || text.len() > max || !text.bytes().all(allowed) {
        return Err(Fault::params(format!("{what} must be 1 to {max} {rule}; got {}", shown(text))));
    }
    Ok(Arc::from(text))
}

fn shown(text: &str) -> String {
    if text.is_empty() {
        return "an empty text".to_owned();
    }
    let mut start: String = text.chars().take(40).collect();
    if start.len() < text.len() {
        start.push('…');
    }
    format!("{start:?} ({} bytes)", text.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn user_ids_keep_to_their_alphabet_and_length() {
        assert!(UserId::parse("alice.01 [x]").is_ok());
        assert!(UserId::parse(&"a".repeat(32)).is_ok());
        for wrong in ["", "a,b", "ünal", "a/b", "a\"b", &"a".repeat(33)] {
            let fault = UserId::parse(wrong).unwrap_err();
            assert!(fault.message.contains("1 to 32 bytes"), "{fault}");
        }
    }

    #[test]
    fn a_wrong_id_on_the_wire_says_what_is_allowed() {
        let error = serde_json::from_str::<CallId>("\"\"").unwrap_err().to_string();
        assert!(error.contains("call ID must be 1 to 32 visible ASCII characters"), "{error}");
    }
}
