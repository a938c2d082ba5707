//! The one table of error codes. The C enum, the C# enum and `docs/errors.md` are checked against it.

use core::fmt;

use serde::{Deserialize, Serialize};

/// An error code: 0 is success; codes of our own start at 6090000. A number is never reused.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Code(pub i32);

/// One row of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CodeInfo {
    pub code: Code,
    /// The name in C (`ZIMErrorCode_` + name) and C# (`ZIMErrorCode.` + name).
    pub name: &'static str,
    pub meaning: &'static str,
}

macro_rules! codes {
    ($($konst:ident $name:ident = $number:literal, $meaning:literal;)*) => {
        impl Code {
            $(#[doc = $meaning] pub const $konst: Code = Code($number);)*
        }
        /// Every code, in ascending order.
        pub const TABLE: &[CodeInfo] = &[
            $(CodeInfo { code: Code::$konst, name: stringify!($name), meaning: $meaning },)*
        ];
    };
}

codes! {
    SUCCESS Success = 0, "The operation was done.";
    FAILED Failed = 1, "An error that no other code describes; the message says what happened.";
    PARAMS_INVALID CommonModuleParamsInvalid = 6000001, "A parameter is missing, malformed or out of range; the message says which one and what is allowed.";
    NOT_INIT CommonModuleNotInit = 6000002, "No such client: the handle is NULL, stale, destroyed or was never one.";
    INVALID_APP_ID CommonModuleInvalidAppID = 6000003, "The server does not know this app ID.";
    SDK_FREQUENCY_LIMIT CommonModuleTriggerSDKFrequencyLimit = 6000004, "Too many calls of this function in a short time; refused by the library.";
    SERVER_FREQUENCY_LIMIT CommonModuleTriggerServerFrequencyLimit = 6000005, "Too many requests in a short time; refused by the server.";
    SERVER_ERROR CommonModuleIMServerError = 6000007, "The server failed; trying again later may help.";
    DATABASE_ERROR CommonModuleIMDatabaseError = 6000008, "The server's store failed; trying again later may help.";
    SERVER_DISCONNECT CommonModuleIMServerDisconnect = 6000009, "The link was lost and the outcome could not be learned.";
    UPLOAD_LOG_ERROR CommonModuleUploadLogError = 6000010, "The server does not take logs, or refused this one.";
    USER_IS_NOT_EXIST CommonModuleUserIsNotExist = 6000011, "The server does not know this user.";
    NETWORK_COMMON_ERROR NetworkModuleCommonError = 6000101, "The link failed in a way that no other code describes.";
    NETWORK_SERVER_ERROR NetworkModuleServerError = 6000102, "What answered at the server's address is not a working zim-server.";
    TOKEN_INVALID NetworkModuleTokenInvalid = 6000103, "The token was refused.";
    NETWORK_ERROR NetworkModuleNetworkError = 6000104, "The server could not be reached; the message says why.";
    REQUEST_TIMEOUT NetworkModuleRequestTimeout = 6000105, "No answer within the request's time; whether it was done is not known.";
    TOKEN_EXPIRED NetworkModuleTokenExpired = 6000106, "The token has expired; renew it.";
    TOKEN_VERSION_ERROR NetworkModuleTokenVersionError = 6000107, "The token is of an unknown version.";
    TOKEN_TIME_IS_TOO_SHORT NetworkModuleTokenTimeIsTooShort = 6000108, "The token has less than 30 s to live.";
    RSP_PROTO_PARSE_ERROR NetworkModuleRspProtoParseError = 6000109, "The server's answer could not be understood.";
    USER_HAS_ALREADY_LOGGED NetworkModuleUserHasAlreadyLogged = 6000111, "This client is logged in, or logging in, already.";
    USER_IS_NOT_LOGGED NetworkModuleUserIsNotLogged = 6000121, "This client is not logged in.";
    USER_HAS_ALREADY_LOGGED_OUT NetworkModuleUserHasAlreadyLoggedOut = 6000122, "This client logged out before the request was answered.";
    USER_OFFLINE NetworkModuleUserOffline = 6000123, "The user is offline.";
    CALL_COMMON_ERROR CallModuleCommonError = 6000270, "The call operation failed in a way that no other code describes.";
    CALL_CANCEL_ERROR CallModuleCancelError = 6000271, "Nothing to cancel: the invitation has been answered already.";
    CALL_SERVER_ERROR CallModuleServerError = 6000272, "Too many invitees.";
    CALL_IS_NOT_INVITOR CallModuleIsNotInvitor = 6000273, "Not yours to cancel: you invited nobody to this call.";
    CALL_IS_NOT_INVITEE CallModuleIsNotInvitee = 6000274, "Not yours to answer: you are not invited to this call.";
    CALL_ALREADY_EXISTS CallModuleAlreadyExists = 6000275, "This call ID is taken.";
    CALL_DOES_NOT_EXIST CallModuleDoesNotExist = 6000276, "This call is unknown, or is over for you.";
    CALL_INVITE_USER_DOES_NOT_EXIST CallModuleInviteUserDoesNotExist = 6000281, "None of the invitees is a known user.";
    CALL_USER_ALREADY_IN_THE_CALL CallModuleUserAlreadyInTheCall = 6000283, "The user is in this call already.";
    CALL_NOT_ADVANCED_MODE CallModuleNotAdvancedMode = 6000286, "The operation exists for calls in Advanced mode only.";
    CALLBACK_STILL_RUNNING SDKModuleCallbackStillRunning = 6090001, "ZIM_Destroy did not wait longer for a callback that another thread is still inside of; the rest happens when it returns.";
    CLIENT_POISONED SDKModuleClientPoisoned = 6090002, "An internal error made this client unusable; destroy it and create another.";
    INTERNAL_ERROR SDKModuleInternalError = 6090003, "An internal error of the library; please report it with its message.";
    KICKED_OUT SDKModuleKickedOut = 6090004, "The same user has logged in elsewhere; this session has ended.";
    SESSION_EXPIRED SDKModuleSessionExpired = 6090005, "The session has ended; log in again.";
    PROTOCOL_ERROR SDKModuleProtocolError = 6090006, "The other side sent something that the protocol does not allow; the message says what.";
    SERVER_STOPPING SDKModuleServerStopping = 6090007, "The server is stopping; the client reconnects by itself.";
    CLIENT_DESTROYED SDKModuleClientDestroyed = 6090008, "The client was destroyed before the request was answered.";
    ROW_ANSWERED_ELSEWHERE CallReasonAnsweredElsewhere = 6090101, "The user has answered on another device.";
    ROW_CANCELLED_BY_INVITER CallReasonCancelledByInviter = 6090102, "The inviter has cancelled.";
    ROW_CALLER_LEFT CallReasonCallerLeft = 6090103, "The caller logged out or was lost before anyone accepted.";
    ROW_NO_ANSWER CallReasonNoAnswer = 6090104, "A device rang, and nobody answered in time.";
    ROW_NOT_REACHED CallReasonNotReached = 6090105, "No device of the user was reached in time.";
    ROW_DECLINED CallReasonDeclined = 6090106, "The user declined.";
    ROW_ALL_LEFT CallReasonAllLeft = 6090107, "Everyone who had accepted has gone.";
    ROW_CALL_LOST CallReasonCallLost = 6090108, "The server no longer knows the call.";
    ROW_ENDED_LOCALLY CallReasonEndedLocally = 6090109, "This device ended the ring by itself: its time had run out, or its session had ended, and the server's word had not arrived.";
}

impl Code {
    /// The table's row, or `None` for a number that is not in it.
    pub fn info(self) -> Option<&'static CodeInfo> {
        let at = TABLE.binary_search_by_key(&self, |row| row.code).ok()?;
        TABLE.get(at)
    }

    /// The name, or `Unknown`.
    pub fn name(self) -> &'static str {
        self.info().map_or("Unknown", |row| row.name)
    }

    pub fn is_success(self) -> bool {
        self == Code::SUCCESS
    }
}

impl fmt::Debug for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.0, self.name())
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

/// A refusal: a code and a sentence that says what to do.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Fault {
    pub code: Code,
    pub message: String,
}

impl Fault {
    pub fn new(code: Code, message: impl Into<String>) -> Fault {
        Fault { code, message: message.into() }
    }

    pub fn params(message: impl Into<String>) -> Fault {
        Fault::new(Code::PARAMS_INVALID, message)
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code, self.message)
    }
}

impl core::error::Error for Fault {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_ascends_without_repeats() {
        assert!(TABLE.windows(2).all(|pair| pair[0].code < pair[1].code));
        let mut names: Vec<_> = TABLE.iter().map(|row| row.name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), TABLE.len());
    }

    #[test]
    fn a_code_knows_its_name() {
        assert_eq!(Code::CALL_DOES_NOT_EXIST.name(), "CallModuleDoesNotExist");
        assert_eq!(Code(42).name(), "Unknown");
    }
}
