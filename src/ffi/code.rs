//! The error codes as C sees them. A test compares them with the table in `zim_protocol::code`.

/// What a function returns and a result callback carries. Passed as `int32_t`. `ZIM_ErrorName` gives the name.
/// Numbers are never reused; codes of this library's own start at 6090000. The `CallReason` ones stand in rows
/// (`ZIMCallUserInfo.reason`) and say why a row is in its state.
#[repr(i32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(dead_code, reason = "C reads it")]
pub enum ZIMErrorCode {
    /// The operation was done.
    Success = 0,
    /// An error that no other code describes; the message says what happened.
    Failed = 1,
    /// A parameter is missing, malformed or out of range; the message says which one and what is allowed.
    CommonModuleParamsInvalid = 6000001,
    /// No such client: the handle is NULL, stale, destroyed or was never one.
    CommonModuleNotInit = 6000002,
    /// The server does not know this app ID.
    CommonModuleInvalidAppID = 6000003,
    /// Too many calls of this function in a short time; refused by the library.
    CommonModuleTriggerSDKFrequencyLimit = 6000004,
    /// Too many requests in a short time; refused by the server.
    CommonModuleTriggerServerFrequencyLimit = 6000005,
    /// The server failed; trying again later may help.
    CommonModuleIMServerError = 6000007,
    /// The server's store failed; trying again later may help.
    CommonModuleIMDatabaseError = 6000008,
    /// The link was lost and the outcome could not be learned.
    CommonModuleIMServerDisconnect = 6000009,
    /// The server does not take logs, or refused this one.
    CommonModuleUploadLogError = 6000010,
    /// The server does not know this user.
    CommonModuleUserIsNotExist = 6000011,
    /// The link failed in a way that no other code describes.
    NetworkModuleCommonError = 6000101,
    /// What answered at the server's address is not a working zim-server.
    NetworkModuleServerError = 6000102,
    /// The token was refused.
    NetworkModuleTokenInvalid = 6000103,
    /// The server could not be reached; the message says why.
    NetworkModuleNetworkError = 6000104,
    /// No answer within the request's time; whether it was done is not known.
    NetworkModuleRequestTimeout = 6000105,
    /// The token has expired; renew it.
    NetworkModuleTokenExpired = 6000106,
    /// The token is of an unknown version.
    NetworkModuleTokenVersionError = 6000107,
    /// The token has less than 30 s to live.
    NetworkModuleTokenTimeIsTooShort = 6000108,
    /// The server's answer could not be understood.
    NetworkModuleRspProtoParseError = 6000109,
    /// This client is logged in, or logging in, already.
    NetworkModuleUserHasAlreadyLogged = 6000111,
    /// This client is not logged in.
    NetworkModuleUserIsNotLogged = 6000121,
    /// This client logged out before the request was answered.
    NetworkModuleUserHasAlreadyLoggedOut = 6000122,
    /// The user is offline.
    NetworkModuleUserOffline = 6000123,
    /// The call operation failed in a way that no other code describes.
    CallModuleCommonError = 6000270,
    /// Nothing to cancel: the invitation has been answered already.
    CallModuleCancelError = 6000271,
    /// Too many invitees.
    CallModuleServerError = 6000272,
    /// Not yours to cancel: you invited nobody to this call.
    CallModuleIsNotInvitor = 6000273,
    /// Not yours to answer: you are not invited to this call.
    CallModuleIsNotInvitee = 6000274,
    /// This call ID is taken.
    CallModuleAlreadyExists = 6000275,
    /// This call is unknown, or is over for you.
    CallModuleDoesNotExist = 6000276,
    /// None of the invitees is a known user.
    CallModuleInviteUserDoesNotExist = 6000281,
    /// The user is in this call already.
    CallModuleUserAlreadyInTheCall = 6000283,
    /// The operation exists for calls in Advanced mode only.
    CallModuleNotAdvancedMode = 6000286,
    /// ZIM_Destroy did not wait longer for a callback that another thread is still inside of; the rest happens when
    /// it returns.
    SDKModuleCallbackStillRunning = 6090001,
    /// An internal error made this client unusable; destroy it and create another.
    SDKModuleClientPoisoned = 6090002,
    /// An internal error of the library; please report it with its message.
    SDKModuleInternalError = 6090003,
    /// The same user has logged in elsewhere; this session has ended.
    SDKModuleKickedOut = 6090004,
    /// The session has ended; log in again.
    SDKModuleSessionExpired = 6090005,
    /// The other side sent something that the protocol does not allow; the message says what.
    SDKModuleProtocolError = 6090006,
    /// The server is stopping; the client reconnects by itself.
    SDKModuleServerStopping = 6090007,
    /// The client was destroyed before the request was answered.
    SDKModuleClientDestroyed = 6090008,
    /// The user has answered on another device.
    CallReasonAnsweredElsewhere = 6090101,
    /// The inviter has cancelled.
    CallReasonCancelledByInviter = 6090102,
    /// The caller logged out or was lost before anyone accepted.
    CallReasonCallerLeft = 6090103,
    /// A device rang, and nobody answered in time.
    CallReasonNoAnswer = 6090104,
    /// No device of the user was reached in time.
    CallReasonNotReached = 6090105,
    /// The user declined.
    CallReasonDeclined = 6090106,
    /// Everyone who had accepted has gone.
    CallReasonAllLeft = 6090107,
    /// The server no longer knows the call.
    CallReasonCallLost = 6090108,
    /// This device ended the ring by itself: its time had run out, or its session had ended, and the server's word
    /// had not arrived.
    CallReasonEndedLocally = 6090109,
}
