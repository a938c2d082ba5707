/*
 * zim.h - libzim: call invitations for apps and games.
 *
 * One user rings others; they accept, reject, or let it ring out; the one who rang may cancel. Both sides see the same
 * outcome, each exactly once.
 *
 *     ZIMClient *client = NULL;
 *     ZIMAppConfig config = ZIM_APP_CONFIG_INIT;
 *     ZIMUserInfo user = ZIM_USER_INFO_INIT;
 *     user.user_id = "alice";
 *     ZIM_Create(&config, &client);
 *     ZIM_Login(client, &user, NULL, on_logged_in, NULL);
 *
 * Rules that hold for everything here (docs/c-api.md says more):
 *
 * - Functions that can fail return a ZIMErrorCode: 0 when done, or taken for doing. ZIM_GetLastErrorMessage() says in
 *   words why the last one was refused on this thread.
 * - A request that was taken (returned 0) completes through its callback exactly once, whatever happens. One that was
 *   refused never calls back.
 * - Every function may be called from any thread, also from inside a callback. All callbacks of one client are made
 *   one at a time, in order, without a lock held.
 * - Strings are NUL-terminated UTF-8. Those that go in are copied before the function returns. Those that come out are
 *   valid until the callback returns, and from a function are static unless it says otherwise.
 * - Set struct_size of every struct that goes in, best with its ZIM_..._INIT macro: then a newer library knows which
 *   fields an older program does not have. Out comes the same: read a field that a later version added only if
 *   struct_size reaches that far.
 * - Enumerations and booleans are passed as int32_t. Absolute times are Unix milliseconds, durations seconds, unless
 *   the name says otherwise.
 * - The calling convention is cdecl.
 *
 * Generated from src/ffi; do not edit.
 */


#ifndef ZIM_H
#define ZIM_H

#include <stddef.h>
#include <stdint.h>

/** Marks what the library exports. Define ZIM_STATIC when you link the static library on Windows. */
#if !defined(ZIM_API)
#if defined(_WIN32) && !defined(ZIM_STATIC)
#define ZIM_API __declspec(dllimport)
#else
#define ZIM_API
#endif
#endif

/* Initializers: one for every struct that goes in. They set struct_size and the defaults. */

/** Defaults of a ZIMAppConfig: callbacks on a thread of the library, 10 s for a request. */
#define ZIM_APP_CONFIG_INIT \
    { (uint32_t)sizeof(ZIMAppConfig), 0, NULL, NULL, NULL, ZIMCallbackMode_Thread, 10000, NULL }

/** Defaults of a ZIMLogConfig: no log files; 5 MiB once log_path is set. */
#define ZIM_LOG_CONFIG_INIT { (uint32_t)sizeof(ZIMLogConfig), NULL, 5242880 }

/** Defaults of a ZIMCacheConfig: nothing is kept. */
#define ZIM_CACHE_CONFIG_INIT { (uint32_t)sizeof(ZIMCacheConfig), NULL }

/** Defaults of a ZIMEventHandler: no event is wanted. */
#define ZIM_EVENT_HANDLER_INIT \
    { (uint32_t)sizeof(ZIMEventHandler), NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL }

/** Defaults of a ZIMUserInfo: nobody; set user_id. */
#define ZIM_USER_INFO_INIT { (uint32_t)sizeof(ZIMUserInfo), NULL, NULL, NULL, NULL }

/** Defaults of a ZIMVoIPConfig: a generic handle without a value, no video. */
#define ZIM_VOIP_CONFIG_INIT { (uint32_t)sizeof(ZIMVoIPConfig), ZIMCXHandleType_Generic, 0, NULL }

/** Defaults of a ZIMPushConfig: empty texts, the badge untouched, no VoIP. */
#define ZIM_PUSH_CONFIG_INIT \
    { (uint32_t)sizeof(ZIMPushConfig), NULL, NULL, NULL, NULL, NULL, 0, 0, NULL }

/** Defaults of a ZIMCallInviteConfig: ring for 90 s, General mode, no data, no push. */
#define ZIM_CALL_INVITE_CONFIG_INIT \
    { (uint32_t)sizeof(ZIMCallInviteConfig), 90, NULL, NULL, ZIMCallInvitationMode_General, 0 }

/** Defaults of a ZIMCallCancelConfig: no data, no push. */
#define ZIM_CALL_CANCEL_CONFIG_INIT { (uint32_t)sizeof(ZIMCallCancelConfig), NULL, NULL }

/** Defaults of a ZIMCallAcceptConfig: no data. */
#define ZIM_CALL_ACCEPT_CONFIG_INIT { (uint32_t)sizeof(ZIMCallAcceptConfig), NULL }

/** Defaults of a ZIMCallRejectConfig: no data. */
#define ZIM_CALL_REJECT_CONFIG_INIT { (uint32_t)sizeof(ZIMCallRejectConfig), NULL }


/**
 * Version of the ABI that this header describes. It grows by one when a function or a field is added; nothing is
 * ever removed or changed. Compare it with what `ZIM_GetAbiVersion` returns: a library with an equal or greater
 * number has everything that this header declares.
 */
#define ZIM_ABI_VERSION 1

/**
 * What a function returns and a result callback carries. Passed as `int32_t`. `ZIM_ErrorName` gives the name.
 * Numbers are never reused; codes of this library's own start at 6090000. The `CallReason` ones stand in rows
 * (`ZIMCallUserInfo.reason`) and say why a row is in its state.
 */
enum ZIMErrorCode
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : int32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    /**
     * The operation was done.
     */
    ZIMErrorCode_Success = 0,
    /**
     * An error that no other code describes; the message says what happened.
     */
    ZIMErrorCode_Failed = 1,
    /**
     * A parameter is missing, malformed or out of range; the message says which one and what is allowed.
     */
    ZIMErrorCode_CommonModuleParamsInvalid = 6000001,
    /**
     * No such client: the handle is NULL, stale, destroyed or was never one.
     */
    ZIMErrorCode_CommonModuleNotInit = 6000002,
    /**
     * The server does not know this app ID.
     */
    ZIMErrorCode_CommonModuleInvalidAppID = 6000003,
    /**
     * Too many calls of this function in a short time; refused by the library.
     */
    ZIMErrorCode_CommonModuleTriggerSDKFrequencyLimit = 6000004,
    /**
     * Too many requests in a short time; refused by the server.
     */
    ZIMErrorCode_CommonModuleTriggerServerFrequencyLimit = 6000005,
    /**
     * The server failed; trying again later may help.
     */
    ZIMErrorCode_CommonModuleIMServerError = 6000007,
    /**
     * The server's store failed; trying again later may help.
     */
    ZIMErrorCode_CommonModuleIMDatabaseError = 6000008,
    /**
     * The link was lost and the outcome could not be learned.
     */
    ZIMErrorCode_CommonModuleIMServerDisconnect = 6000009,
    /**
     * The server does not take logs, or refused this one.
     */
    ZIMErrorCode_CommonModuleUploadLogError = 6000010,
    /**
     * The server does not know this user.
     */
    ZIMErrorCode_CommonModuleUserIsNotExist = 6000011,
    /**
     * The link failed in a way that no other code describes.
     */
    ZIMErrorCode_NetworkModuleCommonError = 6000101,
    /**
     * What answered at the server's address is not a working zim-server.
     */
    ZIMErrorCode_NetworkModuleServerError = 6000102,
    /**
     * The token was refused.
     */
    ZIMErrorCode_NetworkModuleTokenInvalid = 6000103,
    /**
     * The server could not be reached; the message says why.
     */
    ZIMErrorCode_NetworkModuleNetworkError = 6000104,
    /**
     * No answer within the request's time; whether it was done is not known.
     */
    ZIMErrorCode_NetworkModuleRequestTimeout = 6000105,
    /**
     * The token has expired; renew it.
     */
    ZIMErrorCode_NetworkModuleTokenExpired = 6000106,
    /**
     * The token is of an unknown version.
     */
    ZIMErrorCode_NetworkModuleTokenVersionError = 6000107,
    /**
     * The token has less than 30 s to live.
     */
    ZIMErrorCode_NetworkModuleTokenTimeIsTooShort = 6000108,
    /**
     * The server's answer could not be understood.
     */
    ZIMErrorCode_NetworkModuleRspProtoParseError = 6000109,
    /**
     * This client is logged in, or logging in, already.
     */
    ZIMErrorCode_NetworkModuleUserHasAlreadyLogged = 6000111,
    /**
     * This client is not logged in.
     */
    ZIMErrorCode_NetworkModuleUserIsNotLogged = 6000121,
    /**
     * This client logged out before the request was answered.
     */
    ZIMErrorCode_NetworkModuleUserHasAlreadyLoggedOut = 6000122,
    /**
     * The user is offline.
     */
    ZIMErrorCode_NetworkModuleUserOffline = 6000123,
    /**
     * The call operation failed in a way that no other code describes.
     */
    ZIMErrorCode_CallModuleCommonError = 6000270,
    /**
     * Nothing to cancel: the invitation has been answered already.
     */
    ZIMErrorCode_CallModuleCancelError = 6000271,
    /**
     * Too many invitees.
     */
    ZIMErrorCode_CallModuleServerError = 6000272,
    /**
     * Not yours to cancel: you invited nobody to this call.
     */
    ZIMErrorCode_CallModuleIsNotInvitor = 6000273,
    /**
     * Not yours to answer: you are not invited to this call.
     */
    ZIMErrorCode_CallModuleIsNotInvitee = 6000274,
    /**
     * This call ID is taken.
     */
    ZIMErrorCode_CallModuleAlreadyExists = 6000275,
    /**
     * This call is unknown, or is over for you.
     */
    ZIMErrorCode_CallModuleDoesNotExist = 6000276,
    /**
     * None of the invitees is a known user.
     */
    ZIMErrorCode_CallModuleInviteUserDoesNotExist = 6000281,
    /**
     * The user is in this call already.
     */
    ZIMErrorCode_CallModuleUserAlreadyInTheCall = 6000283,
    /**
     * The operation exists for calls in Advanced mode only.
     */
    ZIMErrorCode_CallModuleNotAdvancedMode = 6000286,
    /**
     * ZIM_Destroy did not wait longer for a callback that another thread is still inside of; the rest happens when
     * it returns.
     */
    ZIMErrorCode_SDKModuleCallbackStillRunning = 6090001,
    /**
     * An internal error made this client unusable; destroy it and create another.
     */
    ZIMErrorCode_SDKModuleClientPoisoned = 6090002,
    /**
     * An internal error of the library; please report it with its message.
     */
    ZIMErrorCode_SDKModuleInternalError = 6090003,
    /**
     * The same user has logged in elsewhere; this session has ended.
     */
    ZIMErrorCode_SDKModuleKickedOut = 6090004,
    /**
     * The session has ended; log in again.
     */
    ZIMErrorCode_SDKModuleSessionExpired = 6090005,
    /**
     * The other side sent something that the protocol does not allow; the message says what.
     */
    ZIMErrorCode_SDKModuleProtocolError = 6090006,
    /**
     * The server is stopping; the client reconnects by itself.
     */
    ZIMErrorCode_SDKModuleServerStopping = 6090007,
    /**
     * The client was destroyed before the request was answered.
     */
    ZIMErrorCode_SDKModuleClientDestroyed = 6090008,
    /**
     * The user has answered on another device.
     */
    ZIMErrorCode_CallReasonAnsweredElsewhere = 6090101,
    /**
     * The inviter has cancelled.
     */
    ZIMErrorCode_CallReasonCancelledByInviter = 6090102,
    /**
     * The caller logged out or was lost before anyone accepted.
     */
    ZIMErrorCode_CallReasonCallerLeft = 6090103,
    /**
     * A device rang, and nobody answered in time.
     */
    ZIMErrorCode_CallReasonNoAnswer = 6090104,
    /**
     * No device of the user was reached in time.
     */
    ZIMErrorCode_CallReasonNotReached = 6090105,
    /**
     * The user declined.
     */
    ZIMErrorCode_CallReasonDeclined = 6090106,
    /**
     * Everyone who had accepted has gone.
     */
    ZIMErrorCode_CallReasonAllLeft = 6090107,
    /**
     * The server no longer knows the call.
     */
    ZIMErrorCode_CallReasonCallLost = 6090108,
    /**
     * This device ended the ring by itself: its time had run out, or its session had ended, and the server's word
     * had not arrived.
     */
    ZIMErrorCode_CallReasonEndedLocally = 6090109,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum ZIMErrorCode ZIMErrorCode;
#else
typedef int32_t ZIMErrorCode;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/**
 * How important a log line is. Passed as `int32_t`.
 */
enum ZIMLogLevel
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : int32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    /**
     * What the library does, step by step.
     */
    ZIMLogLevel_Debug = 0,
    /**
     * What a user of the app may notice: connected, lost, logged out.
     */
    ZIMLogLevel_Info = 1,
    /**
     * Something is not as it should be, and the library goes on.
     */
    ZIMLogLevel_Warning = 2,
    /**
     * Something failed.
     */
    ZIMLogLevel_Error = 3,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum ZIMLogLevel ZIMLogLevel;
#else
typedef int32_t ZIMLogLevel;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/**
 * Who makes the callbacks of a client. Passed as `int32_t`.
 */
enum ZIMCallbackMode
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : int32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    /**
     * A thread of the library's own, one per client. The default in C.
     */
    ZIMCallbackMode_Thread = 0,
    /**
     * Whichever thread calls `ZIM_PollCallbacks`: what game engines want. No thread of the library ever enters the
     * host.
     */
    ZIMCallbackMode_Poll = 1,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum ZIMCallbackMode ZIMCallbackMode;
#else
typedef int32_t ZIMCallbackMode;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/**
 * State of the connection to the server. Passed as `int32_t`.
 */
enum ZIMConnectionState
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : int32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    /**
     * Not logged in.
     */
    ZIMConnectionState_Disconnected = 0,
    /**
     * Logging in.
     */
    ZIMConnectionState_Connecting = 1,
    /**
     * Logged in and connected.
     */
    ZIMConnectionState_Connected = 2,
    /**
     * Logged in; the connection was lost and is being made again, for as long as it takes. Requests may be made:
     * they wait for the connection.
     */
    ZIMConnectionState_Reconnecting = 3,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum ZIMConnectionState ZIMConnectionState;
#else
typedef int32_t ZIMConnectionState;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/**
 * Why the state of the connection changed. Passed as `int32_t`.
 */
enum ZIMConnectionEvent
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : int32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    /**
     * It worked: connected, or logged out as asked.
     */
    ZIMConnectionEvent_Success = 0,
    /**
     * The host has called `ZIM_Login`.
     */
    ZIMConnectionEvent_ActiveLogin = 1,
    /**
     * The login did not finish in time.
     */
    ZIMConnectionEvent_LoginTimeout = 2,
    /**
     * The login was refused, or the connection was lost.
     */
    ZIMConnectionEvent_LoginInterrupted = 3,
    /**
     * The same user has logged in elsewhere. The client does not reconnect.
     */
    ZIMConnectionEvent_KickedOut = 4,
    /**
     * The token has expired. The client does not reconnect.
     */
    ZIMConnectionEvent_TokenExpired = 5,
    /**
     * The server no longer knows the app or the user. The client does not reconnect.
     */
    ZIMConnectionEvent_Unregistered = 6,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum ZIMConnectionEvent ZIMConnectionEvent;
#else
typedef int32_t ZIMConnectionEvent;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/**
 * How a call lives. Passed as `int32_t`.
 */
enum ZIMCallInvitationMode
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : int32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    /**
     * A number that this library does not know. Only ever received.
     */
    ZIMCallInvitationMode_Unknown = -1,
    /**
     * The call ends by itself as soon as no invitee is pending. The default.
     */
    ZIMCallInvitationMode_General = 0,
    /**
     * The call lives until it is ended. This version of the library refuses to make such calls.
     */
    ZIMCallInvitationMode_Advanced = 1,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum ZIMCallInvitationMode ZIMCallInvitationMode;
#else
typedef int32_t ZIMCallInvitationMode;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/**
 * State of one call. Passed as `int32_t`.
 */
enum ZIMCallState
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : int32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    /**
     * A number that this library does not know.
     */
    ZIMCallState_Unknown = -1,
    ZIMCallState_Started = 1,
    ZIMCallState_Ended = 2,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum ZIMCallState ZIMCallState;
#else
typedef int32_t ZIMCallState;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/**
 * State of one user in a call. Passed as `int32_t`.
 */
enum ZIMCallUserState
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : int32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    /**
     * A number that this library does not know.
     */
    ZIMCallUserState_Unknown = -1,
    /**
     * Invited. Pending: can be accepted, rejected, cancelled, or time out.
     */
    ZIMCallUserState_Inviting = 0,
    /**
     * Has accepted. The caller is in this state from the start.
     */
    ZIMCallUserState_Accepted = 1,
    /**
     * Has declined.
     */
    ZIMCallUserState_Rejected = 2,
    /**
     * The caller: has cancelled the call, or was lost, before anyone accepted.
     */
    ZIMCallUserState_Cancelled = 3,
    /**
     * Not used.
     */
    ZIMCallUserState_Offline = 4,
    /**
     * Invited, and some device of the user has received the invitation. Pending.
     */
    ZIMCallUserState_Received = 5,
    /**
     * Did not answer in time.
     */
    ZIMCallUserState_Timeout = 6,
    /**
     * Was in the call and has left it.
     */
    ZIMCallUserState_Quit = 7,
    /**
     * Has ended the call.
     */
    ZIMCallUserState_Ended = 8,
    /**
     * Invited, and no device of the user has received the invitation after 5 s; see `enable_not_received_check`.
     * Pending.
     */
    ZIMCallUserState_NotYetReceived = 9,
    /**
     * The invitation was taken back.
     */
    ZIMCallUserState_BeCancelled = 10,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum ZIMCallUserState ZIMCallUserState;
#else
typedef int32_t ZIMCallUserState;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/**
 * Kind of a VoIP handle, as in Apple's CXHandle.HandleType. Passed as `int32_t`.
 */
enum ZIMCXHandleType
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : int32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    /**
     * Anything. The default.
     */
    ZIMCXHandleType_Generic = 1,
    ZIMCXHandleType_PhoneNumber = 2,
    ZIMCXHandleType_EmailAddress = 3,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum ZIMCXHandleType ZIMCXHandleType;
#else
typedef int32_t ZIMCXHandleType;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/**
 * A client. Made by `ZIM_Create`, void after `ZIM_Destroy`. The pointer is a name, not an address: any other value is
 * recognized and refused with ZIMErrorCode_CommonModuleNotInit.
 */
typedef struct ZIMClient ZIMClient;

/**
 * Where log files are written. Start from `ZIM_LOG_CONFIG_INIT`.
 */
typedef struct ZIMLogConfig {
    /**
     * Size of this struct in bytes; `ZIM_LOG_CONFIG_INIT` sets it.
     */
    uint32_t struct_size;
    /**
     * Folder for the log files, at most 4,096 bytes of UTF-8; made if missing. NULL (the default): no log files.
     */
    const char *log_path;
    /**
     * Bytes that the log files may have together: at least 65,536; 0 means 5,242,880 (5 MiB), the default. `zim.log`
     * that has grown to half of it is put aside as `zim.1.log`, in the place of the former one.
     */
    uint64_t log_size;
} ZIMLogConfig;

/**
 * Takes one line of the log.
 *
 * @param level      A ZIMLogLevel.
 * @param message    The line: UTF-8, without an end of line, without tokens. Valid until the callback returns.
 * @param user_data  What was given to `ZIM_SetLogCallback`.
 *
 * Thread: one line at a time. While a client in poll mode lives: inside `ZIM_PollCallbacks` or `ZIM_Destroy` of such a
 * client. Otherwise a client's callback thread; without any client the thread that called the library.
 */
typedef void (*ZIMLogCallback)(int32_t level, const char *message, void *user_data);

/**
 * Where the library keeps what it wants to find again. Start from `ZIM_CACHE_CONFIG_INIT`.
 */
typedef struct ZIMCacheConfig {
    /**
     * Size of this struct in bytes; `ZIM_CACHE_CONFIG_INIT` sets it.
     */
    uint32_t struct_size;
    /**
     * Folder, at most 4,096 bytes of UTF-8; made if missing. NULL (the default): nothing is kept.
     */
    const char *cache_path;
} ZIMCacheConfig;

/**
 * What `ZIM_Create` needs to know. Start from `ZIM_APP_CONFIG_INIT`.
 */
typedef struct ZIMAppConfig {
    /**
     * Size of this struct in bytes; `ZIM_APP_CONFIG_INIT` sets it.
     */
    uint32_t struct_size;
    /**
     * The app, as the server knows it. A development server takes any number.
     */
    uint32_t app_id;
    /**
     * Secret of the app: 64 hex characters. NULL (the default): none; users log in with a token.
     */
    const char *app_sign;
    /**
     * Address of the server, "ws://host:port/path" or "wss://host:port/path", at most 2,048 bytes. NULL (the
     * default): the environment variable ZIM_SERVER_URL, and without it "ws://127.0.0.1:8790/zim", which is where
     * `zim-server --dev` listens.
     */
    const char *server_url;
    /**
     * Name of this device: 1 to 64 visible ASCII characters, the same whenever the app runs on it. NULL (the
     * default): made once and kept in the folder of `ZIM_SetCacheConfig`; without such a folder random for each
     * client.
     */
    const char *device_id;
    /**
     * A ZIMCallbackMode; ZIMCallbackMode_Thread by default.
     */
    int32_t callback_mode;
    /**
     * How long a request waits for its answer, in milliseconds: 1 to 60,000; 0 means 10,000, the default.
     */
    uint32_t request_timeout_ms;
    /**
     * PEM file of the certificate authorities that a wss:// server is checked against, at most 4,096 bytes of UTF-8.
     * NULL (the default): those of the system.
     */
    const char *ca_file;
} ZIMAppConfig;

/**
 * How a request ended, or what went wrong. Handed to callbacks, never NULL there.
 *
 * Valid until the callback returns; owned by the library.
 */
typedef struct ZIMError {
    /**
     * Size of this struct in the library that filled it, in bytes.
     */
    uint32_t struct_size;
    /**
     * One of the ZIMErrorCode constants; 0 is success.
     */
    int32_t code;
    /**
     * What happened and what to do about it: UTF-8, never NULL, empty on success.
     */
    const char *message;
} ZIMError;

/**
 * One user of a call.
 */
typedef struct ZIMCallUserInfo {
    /**
     * Size of this struct in the library that filled it, in bytes.
     */
    uint32_t struct_size;
    /**
     * A ZIMCallUserState.
     */
    int32_t state;
    /**
     * Why the user is in this state: 0 or a ZIMErrorCode, mostly one of the ZIMErrorCode_CallReason constants.
     */
    int32_t reason;
    /**
     * Who it is. Never NULL.
     */
    const char *user_id;
    /**
     * What the user sent with their last answer. Never NULL.
     */
    const char *extended_data;
} ZIMCallUserInfo;

/**
 * An invitation to this user.
 */
typedef struct ZIMCallInvitationReceivedInfo {
    /**
     * Size of this struct in the library that filled it, in bytes.
     */
    uint32_t struct_size;
    /**
     * How long it still rings, in seconds, rounded up.
     */
    int32_t timeout;
    /**
     * Who invited this user. Never NULL.
     */
    const char *inviter;
    /**
     * Who made the call. Never NULL.
     */
    const char *caller;
    /**
     * What the caller sent with the invitation. Never NULL.
     */
    const char *extended_data;
    /**
     * A ZIMCallInvitationMode.
     */
    int32_t mode;
    /**
     * How many entries `call_user_list` has.
     */
    uint32_t call_user_list_count;
    /**
     * Everybody in the call, the caller first.
     */
    const struct ZIMCallUserInfo *const *call_user_list;
    /**
     * When the call was made: Unix milliseconds by the server's clock.
     */
    int64_t create_time;
} ZIMCallInvitationReceivedInfo;

/**
 * A call that this user has made on another device.
 */
typedef struct ZIMCallInvitationCreatedInfo {
    /**
     * Size of this struct in the library that filled it, in bytes.
     */
    uint32_t struct_size;
    /**
     * How long it still rings, in seconds, rounded up.
     */
    int32_t timeout;
    /**
     * Who made the call: this user. Never NULL.
     */
    const char *caller;
    /**
     * What was sent with the invitation. Never NULL.
     */
    const char *extended_data;
    /**
     * A ZIMCallInvitationMode.
     */
    int32_t mode;
    /**
     * How many entries `call_user_list` has.
     */
    uint32_t call_user_list_count;
    /**
     * Everybody in the call, the caller first.
     */
    const struct ZIMCallUserInfo *const *call_user_list;
    /**
     * When the call was made: Unix milliseconds by the server's clock.
     */
    int64_t create_time;
} ZIMCallInvitationCreatedInfo;

/**
 * An invitation that was taken back.
 */
typedef struct ZIMCallInvitationCancelledInfo {
    /**
     * Size of this struct in the library that filled it, in bytes.
     */
    uint32_t struct_size;
    /**
     * A ZIMCallInvitationMode.
     */
    int32_t mode;
    /**
     * Who took it back. Never NULL.
     */
    const char *inviter;
    /**
     * What they sent with it. Never NULL.
     */
    const char *extended_data;
} ZIMCallInvitationCancelledInfo;

/**
 * An invitation that was accepted.
 */
typedef struct ZIMCallInvitationAcceptedInfo {
    /**
     * Size of this struct in the library that filled it, in bytes.
     */
    uint32_t struct_size;
    /**
     * Who accepted. Never NULL.
     */
    const char *invitee;
    /**
     * What they sent with it. Never NULL.
     */
    const char *extended_data;
} ZIMCallInvitationAcceptedInfo;

/**
 * An invitation that was declined.
 */
typedef struct ZIMCallInvitationRejectedInfo {
    /**
     * Size of this struct in the library that filled it, in bytes.
     */
    uint32_t struct_size;
    /**
     * Who declined. Never NULL.
     */
    const char *invitee;
    /**
     * What they sent with it. Never NULL.
     */
    const char *extended_data;
} ZIMCallInvitationRejectedInfo;

/**
 * An invitation to this user that was not answered in time.
 */
typedef struct ZIMCallInvitationTimeoutInfo {
    /**
     * Size of this struct in the library that filled it, in bytes.
     */
    uint32_t struct_size;
    /**
     * A ZIMCallInvitationMode.
     */
    int32_t mode;
} ZIMCallInvitationTimeoutInfo;

/**
 * A call in Advanced mode that was ended.
 */
typedef struct ZIMCallInvitationEndedInfo {
    /**
     * Size of this struct in the library that filled it, in bytes.
     */
    uint32_t struct_size;
    /**
     * A ZIMCallInvitationMode.
     */
    int32_t mode;
    /**
     * Who made the call. Never NULL.
     */
    const char *caller;
    /**
     * Who ended it. Never NULL.
     */
    const char *operated_user_id;
    /**
     * What they sent with it. Never NULL.
     */
    const char *extended_data;
    /**
     * When it ended: Unix milliseconds by the server's clock.
     */
    int64_t end_time;
} ZIMCallInvitationEndedInfo;

/**
 * Users of a call whose state has changed.
 */
typedef struct ZIMCallUserStateChangeInfo {
    /**
     * Size of this struct in the library that filled it, in bytes.
     */
    uint32_t struct_size;
    /**
     * How many entries `call_user_list` has.
     */
    uint32_t call_user_list_count;
    /**
     * The users whose state has changed, and only they.
     */
    const struct ZIMCallUserInfo *const *call_user_list;
} ZIMCallUserStateChangeInfo;

/**
 * The functions that a client calls when something happens. Start from `ZIM_EVENT_HANDLER_INIT`. Any of them may be
 * NULL: such an event is dropped. `client` is the client to which it happened, `call_id` the name of the call,
 * `user_data` what was given to `ZIM_SetEventHandler`. Pointers are never NULL and valid until the function returns.
 *
 * Thread: all callbacks of one client, results included, are made one at a time and in order, on the client's
 * callback thread; in poll mode inside `ZIM_PollCallbacks`. No lock is held: every ZIM_ function may be called from
 * inside. A callback that takes long holds up the following ones, and nothing else. It must return: a C++ exception
 * or a longjmp must not leave it.
 */
typedef struct ZIMEventHandler {
    /**
     * Size of this struct in bytes; `ZIM_EVENT_HANDLER_INIT` sets it.
     */
    uint32_t struct_size;
    /**
     * Something went wrong that belongs to no request.
     */
    void (*on_error)(struct ZIMClient *client, const struct ZIMError *error, void *user_data);
    /**
     * The connection changed: `state` is a ZIMConnectionState, `event` a ZIMConnectionEvent, `extended_data_json` a
     * JSON object, mostly "{}".
     */
    void (*on_connection_state_changed)(struct ZIMClient *client,
                                        int32_t state,
                                        int32_t event,
                                        const char *extended_data_json,
                                        void *user_data);
    /**
     * The token expires in this many seconds; renew it with `ZIM_RenewToken`.
     */
    void (*on_token_will_expire)(struct ZIMClient *client, uint32_t seconds, void *user_data);
    /**
     * This user is invited: ring. Ends with `ZIM_CallAccept`, `ZIM_CallReject`, `on_call_invitation_cancelled`,
     * `on_call_invitation_timeout`, or `on_call_user_state_changed` that shows the own row answered on another
     * device.
     */
    void (*on_call_invitation_received)(struct ZIMClient *client,
                                        const struct ZIMCallInvitationReceivedInfo *info,
                                        const char *call_id,
                                        void *user_data);
    /**
     * This user has made a call on another device, or before this login.
     */
    void (*on_call_invitation_created)(struct ZIMClient *client,
                                       const struct ZIMCallInvitationCreatedInfo *info,
                                       const char *call_id,
                                       void *user_data);
    /**
     * To an invitee: the invitation was taken back; stop ringing.
     */
    void (*on_call_invitation_cancelled)(struct ZIMClient *client,
                                         const struct ZIMCallInvitationCancelledInfo *info,
                                         const char *call_id,
                                         void *user_data);
    /**
     * To the caller: an invitee has accepted.
     */
    void (*on_call_invitation_accepted)(struct ZIMClient *client,
                                        const struct ZIMCallInvitationAcceptedInfo *info,
                                        const char *call_id,
                                        void *user_data);
    /**
     * To the caller: an invitee has declined.
     */
    void (*on_call_invitation_rejected)(struct ZIMClient *client,
                                        const struct ZIMCallInvitationRejectedInfo *info,
                                        const char *call_id,
                                        void *user_data);
    /**
     * To an invitee: the time is up; stop ringing.
     */
    void (*on_call_invitation_timeout)(struct ZIMClient *client,
                                       const struct ZIMCallInvitationTimeoutInfo *info,
                                       const char *call_id,
                                       void *user_data);
    /**
     * To the caller: these invitees have not answered in time; all who ran out of time at once, in one event.
     */
    void (*on_call_invitees_answered_timeout)(struct ZIMClient *client,
                                              const char *const *invitees,
                                              uint32_t invitee_count,
                                              const char *call_id,
                                              void *user_data);
    /**
     * A call in Advanced mode was ended.
     */
    void (*on_call_invitation_ended)(struct ZIMClient *client,
                                     const struct ZIMCallInvitationEndedInfo *info,
                                     const char *call_id,
                                     void *user_data);
    /**
     * Users of a call have changed their state. To everybody in the call, once per change, with all that changed.
     */
    void (*on_call_user_state_changed)(struct ZIMClient *client,
                                       const struct ZIMCallUserStateChangeInfo *info,
                                       const char *call_id,
                                       void *user_data);
} ZIMEventHandler;

/**
 * Gives back the user data of a registration.
 *
 * @param user_data  What was registered.
 *
 * Thread: run exactly once, after the last callback that used it has returned, on the client's callback thread; in
 * poll mode inside `ZIM_PollCallbacks`, `ZIM_SetEventHandler` or `ZIM_Destroy`.
 */
typedef void (*ZIMFreeUserData)(void *user_data);

/**
 * The user who logs in. Start from `ZIM_USER_INFO_INIT`.
 */
typedef struct ZIMUserInfo {
    /**
     * Size of this struct in bytes; `ZIM_USER_INFO_INIT` sets it.
     */
    uint32_t struct_size;
    /**
     * Who it is: 1 to 32 bytes of ASCII letters, digits, blank and ! # $ % & ( ) + - : ; < = . > ? @ [ ] ^ _ { } | ~
     * Required.
     */
    const char *user_id;
    /**
     * Name to show: at most 256 bytes of UTF-8. NULL (the default) means none.
     */
    const char *user_name;
    /**
     * Address of a picture: at most 2,048 bytes of UTF-8. NULL (the default) means none.
     */
    const char *user_avatar_url;
    /**
     * Whatever the app wants to keep with the user: at most 2,048 bytes of UTF-8. NULL (the default) means none.
     */
    const char *user_extended_data;
} ZIMUserInfo;

/**
 * How a `ZIM_Login` ended.
 *
 * @param client     The client.
 * @param error      Code and text; never NULL. Success: logged in and connected.
 *                   ZIMErrorCode_NetworkModuleNetworkError: the server could not be reached within the request's
 *                   time, for the reason in the message.
 * @param user_data  What was given to `ZIM_Login`.
 *
 * Thread: the client's callback thread, or inside `ZIM_PollCallbacks` or `ZIM_Destroy`. All pointers are valid until
 * it returns.
 */
typedef void (*ZIMLoggedInCallback)(struct ZIMClient *client, const struct ZIMError *error, void *user_data);

/**
 * How a `ZIM_RenewToken` ended.
 *
 * @param client     The client.
 * @param token      The token that was given to `ZIM_RenewToken`.
 * @param error      Code and text; never NULL.
 * @param user_data  What was given to `ZIM_RenewToken`.
 *
 * Thread: the client's callback thread, or inside `ZIM_PollCallbacks` or `ZIM_Destroy`. All pointers are valid until
 * it returns.
 */
typedef void (*ZIMTokenRenewedCallback)(struct ZIMClient *client,
                                        const char *token,
                                        const struct ZIMError *error,
                                        void *user_data);

/**
 * How a `ZIM_UploadLog` ended.
 *
 * @param client     The client.
 * @param error      Code and text; never NULL.
 * @param user_data  What was given to `ZIM_UploadLog`.
 *
 * Thread: the client's callback thread, or inside `ZIM_PollCallbacks` or `ZIM_Destroy`. All pointers are valid until
 * it returns.
 */
typedef void (*ZIMLogUploadedCallback)(struct ZIMClient *client, const struct ZIMError *error, void *user_data);

/**
 * VoIP part of a push, for iOS. Start from `ZIM_VOIP_CONFIG_INIT`.
 */
typedef struct ZIMVoIPConfig {
    /**
     * Size of this struct in bytes; `ZIM_VOIP_CONFIG_INIT` sets it.
     */
    uint32_t struct_size;
    /**
     * A ZIMCXHandleType; ZIMCXHandleType_Generic by default.
     */
    int32_t ios_voip_handle_type;
    /**
     * 1 if the call has video, else 0 (the default).
     */
    int32_t ios_voip_has_video;
    /**
     * The handle that is shown: at most 256 bytes of UTF-8. NULL (the default) means none.
     */
    const char *ios_voip_handle_value;
} ZIMVoIPConfig;

/**
 * A push to those who are not online. Start from `ZIM_PUSH_CONFIG_INIT`. All texts are NULL by default, which means
 * an empty text, and are UTF-8.
 */
typedef struct ZIMPushConfig {
    /**
     * Size of this struct in bytes; `ZIM_PUSH_CONFIG_INIT` sets it.
     */
    uint32_t struct_size;
    /**
     * Title: at most 256 bytes.
     */
    const char *title;
    /**
     * Text below the title: at most 1,024 bytes.
     */
    const char *content;
    /**
     * Data for the app: at most 2,048 bytes.
     */
    const char *payload;
    /**
     * Names a set of push settings of the app: at most 256 bytes.
     */
    const char *resources_id;
    /**
     * Groups notifications: at most 256 bytes.
     */
    const char *thread_id;
    /**
     * 1 to change the number on the app's icon by `badge_increment`, else 0 (the default).
     */
    int32_t enable_badge;
    /**
     * What `enable_badge` adds; 0 by default.
     */
    int32_t badge_increment;
    /**
     * VoIP part; NULL (the default) means none. Read during the call only.
     */
    const struct ZIMVoIPConfig *voip_config;
} ZIMPushConfig;

/**
 * How to invite. Start from `ZIM_CALL_INVITE_CONFIG_INIT`.
 */
typedef struct ZIMCallInviteConfig {
    /**
     * Size of this struct in bytes; `ZIM_CALL_INVITE_CONFIG_INIT` sets it.
     */
    uint32_t struct_size;
    /**
     * How long the invitation rings, in seconds: 1 to 600; 0 means 90, the default.
     */
    uint32_t timeout;
    /**
     * Data for the invitees: at most 2,048 bytes of UTF-8. NULL (the default) means empty.
     */
    const char *extended_data;
    /**
     * Push to invitees who are not online. NULL (the default) means none. Read during the call only.
     */
    const struct ZIMPushConfig *push_config;
    /**
     * A ZIMCallInvitationMode; ZIMCallInvitationMode_General by default.
     */
    int32_t mode;
    /**
     * 1 to be told by ZIMCallUserState_NotYetReceived when no device of an invitee has received the invitation after
     * 5 s; 0 (the default) not to.
     */
    int32_t enable_not_received_check;
} ZIMCallInviteConfig;

/**
 * A user whom an operation could not reach.
 */
typedef struct ZIMErrorUserInfo {
    /**
     * Size of this struct in the library that filled it, in bytes.
     */
    uint32_t struct_size;
    /**
     * Why, a ZIMErrorCode: 6000011 unknown user, 6000271 has answered already, 6000276 over, 6000274 not in the call.
     */
    uint32_t reason;
    /**
     * Who it is. Never NULL.
     */
    const char *user_id;
} ZIMErrorUserInfo;

/**
 * What `ZIM_CallInvite` has achieved.
 */
typedef struct ZIMCallInvitationSentInfo {
    /**
     * Size of this struct in the library that filled it, in bytes.
     */
    uint32_t struct_size;
    /**
     * How long the invitation rings, in seconds; 0 on failure.
     */
    int32_t timeout;
    /**
     * Users who could not be invited; NULL if there are none.
     */
    const struct ZIMErrorUserInfo *const *error_user_list;
    /**
     * The same users as rows, with state ZIMCallUserState_Unknown; NULL if there are none.
     */
    const struct ZIMCallUserInfo *const *error_invitees;
    /**
     * How many entries `error_user_list` has.
     */
    uint32_t error_user_list_count;
    /**
     * How many entries `error_invitees` has.
     */
    uint32_t error_invitees_count;
} ZIMCallInvitationSentInfo;

/**
 * How a `ZIM_CallInvite` ended. On success it comes before any event of the call; after a failure no event of the
 * call ever comes.
 *
 * @param client     The client.
 * @param call_id    The call's name, made by this client: up to 32 visible ASCII characters. Also there on failure.
 * @param info       Never NULL; empty on failure.
 * @param error      Code and text; never NULL.
 * @param user_data  What was given to `ZIM_CallInvite`.
 *
 * Thread: the client's callback thread, or inside `ZIM_PollCallbacks` or `ZIM_Destroy`. All pointers are valid until
 * it returns.
 */
typedef void (*ZIMCallInvitationSentCallback)(struct ZIMClient *client,
                                              const char *call_id,
                                              const struct ZIMCallInvitationSentInfo *info,
                                              const struct ZIMError *error,
                                              void *user_data);

/**
 * How to cancel. Start from `ZIM_CALL_CANCEL_CONFIG_INIT`.
 */
typedef struct ZIMCallCancelConfig {
    /**
     * Size of this struct in bytes; `ZIM_CALL_CANCEL_CONFIG_INIT` sets it.
     */
    uint32_t struct_size;
    /**
     * Data for those who were invited: at most 2,048 bytes of UTF-8. NULL (the default) means empty.
     */
    const char *extended_data;
    /**
     * Push to those who are not online. NULL (the default) means none. Read during the call only.
     */
    const struct ZIMPushConfig *push_config;
} ZIMCallCancelConfig;

/**
 * How a `ZIM_CallCancel` ended.
 *
 * @param client            The client.
 * @param call_id           The call's name.
 * @param error_users       Users who were named and whose invitation could not be cancelled; NULL if there are none.
 * @param error_user_count  How many there are.
 * @param error             Code and text; never NULL.
 * @param user_data         What was given to `ZIM_CallCancel`.
 *
 * Thread: the client's callback thread, or inside `ZIM_PollCallbacks` or `ZIM_Destroy`. All pointers are valid until
 * it returns.
 */
typedef void (*ZIMCallCancelSentCallback)(struct ZIMClient *client,
                                          const char *call_id,
                                          const struct ZIMErrorUserInfo *const *error_users,
                                          uint32_t error_user_count,
                                          const struct ZIMError *error,
                                          void *user_data);

/**
 * How to accept. Start from `ZIM_CALL_ACCEPT_CONFIG_INIT`.
 */
typedef struct ZIMCallAcceptConfig {
    /**
     * Size of this struct in bytes; `ZIM_CALL_ACCEPT_CONFIG_INIT` sets it.
     */
    uint32_t struct_size;
    /**
     * Data for the others in the call: at most 2,048 bytes of UTF-8. NULL (the default) means empty.
     */
    const char *extended_data;
} ZIMCallAcceptConfig;

/**
 * How a `ZIM_CallAccept` ended. If it ended with ZIMErrorCode_NetworkModuleRequestTimeout the outcome is unknown; the
 * truth follows as `on_call_user_state_changed`.
 *
 * @param client     The client.
 * @param call_id    The call's name.
 * @param error      Code and text; never NULL.
 * @param user_data  What was given to `ZIM_CallAccept`.
 *
 * Thread: the client's callback thread, or inside `ZIM_PollCallbacks` or `ZIM_Destroy`. All pointers are valid until
 * it returns.
 */
typedef void (*ZIMCallAcceptanceSentCallback)(struct ZIMClient *client,
                                              const char *call_id,
                                              const struct ZIMError *error,
                                              void *user_data);

/**
 * How to reject. Start from `ZIM_CALL_REJECT_CONFIG_INIT`.
 */
typedef struct ZIMCallRejectConfig {
    /**
     * Size of this struct in bytes; `ZIM_CALL_REJECT_CONFIG_INIT` sets it.
     */
    uint32_t struct_size;
    /**
     * Data for the others in the call: at most 2,048 bytes of UTF-8. NULL (the default) means empty.
     */
    const char *extended_data;
} ZIMCallRejectConfig;

/**
 * How a `ZIM_CallReject` ended. If it ended with ZIMErrorCode_NetworkModuleRequestTimeout the outcome is unknown; the
 * truth follows as `on_call_user_state_changed`.
 *
 * @param client     The client.
 * @param call_id    The call's name.
 * @param error      Code and text; never NULL.
 * @param user_data  What was given to `ZIM_CallReject`.
 *
 * Thread: the client's callback thread, or inside `ZIM_PollCallbacks` or `ZIM_Destroy`. All pointers are valid until
 * it returns.
 */
typedef void (*ZIMCallRejectionSentCallback)(struct ZIMClient *client,
                                             const char *call_id,
                                             const struct ZIMError *error,
                                             void *user_data);

#ifdef __cplusplus
extern "C" {
#endif // __cplusplus

/**
 * The version of the library, as in "0.1.0".
 *
 * @return A static string; never NULL, never freed.
 *
 * Thread: any. Does not block. Makes no callback.
 */
ZIM_API const char *ZIM_GetVersion(void);

/**
 * The version of the ABI that the loaded library has; see `ZIM_ABI_VERSION`.
 *
 * @return A number that is at least 1.
 *
 * Thread: any. Does not block. Makes no callback.
 */
ZIM_API uint32_t ZIM_GetAbiVersion(void);

/**
 * The name of an error code: "CommonModuleParamsInvalid" for 6000001.
 *
 * @param code  Any number.
 * @return A static string; "Unknown" for a number that is no error code. Never NULL, never freed.
 *
 * Thread: any. Does not block. Makes no callback.
 */
ZIM_API const char *ZIM_ErrorName(int32_t code);

/**
 * Says in words why the last ZIM_ function that this thread called and that was refused, was refused: which
 * parameter, and what is allowed. A function that succeeds leaves the text as it is.
 *
 * @return UTF-8; an empty string if no function was refused on this thread. Never NULL, never freed. Valid until
 *         this thread's next call of a ZIM_ function other than this one.
 *
 * Thread: any; each has its own text. Does not block. Makes no callback.
 */
ZIM_API
const char *ZIM_GetLastErrorMessage(void);

/**
 * Says where the log files of this process go. Works at once, for all clients.
 *
 * @param config  Where; NULL means all defaults: no log files. Copied.
 * @return ZIMErrorCode_Success; ZIMErrorCode_CommonModuleParamsInvalid; another code when the folder cannot be
 *         written: the log then stays where it was.
 *
 * Thread: any. Blocks for as long as the file system takes to open a file. Makes no callback.
 */
ZIM_API
int32_t ZIM_SetLogConfig(const struct ZIMLogConfig *config);

/**
 * Hands the log lines of this process to the host. Lines wait in a bounded queue until a client's callbacks are
 * made; when it is full (1,000 lines) more are dropped and counted, and a line says how many.
 *
 * @param callback   Takes the lines; NULL: none are handed over any more. The former one may still be running on
 *                   another thread when this function returns.
 * @param min_level  The least important ZIMLogLevel that is handed over. Not looked at when `callback` is NULL.
 * @param user_data  Handed to the callback. Not touched.
 * @return ZIMErrorCode_Success, or ZIMErrorCode_CommonModuleParamsInvalid for an unknown level.
 *
 * Thread: any, also from inside a callback. Does not block. Makes no callback.
 */
ZIM_API
int32_t ZIM_SetLogCallback(ZIMLogCallback callback,
                           int32_t min_level,
                           void *user_data);

/**
 * Says where the library keeps what it wants to find again: the name of this device, for clients that are created
 * afterwards without one.
 *
 * @param config  Where; NULL means all defaults: nothing is kept. Copied.
 * @return ZIMErrorCode_Success; ZIMErrorCode_CommonModuleParamsInvalid; another code when the folder cannot be
 *         written.
 *
 * Thread: any. Blocks for as long as the file system takes to make a folder. Makes no callback.
 */
ZIM_API
int32_t ZIM_SetCacheConfig(const struct ZIMCacheConfig *config);

/**
 * Creates a client. As many as you like can live in one process. No connection is made before `ZIM_Login`.
 *
 * @param config  What the client needs to know; NULL means all defaults. Copied.
 * @param out     Receives the handle; written only on success. Must not be NULL. The handle is the host's until it
 *                is given to `ZIM_Destroy`.
 * @return ZIMErrorCode_Success, or ZIMErrorCode_CommonModuleParamsInvalid for a bad config or a NULL `out`.
 *
 * Thread: any. Does not block. Makes no callback.
 */
ZIM_API
int32_t ZIM_Create(const struct ZIMAppConfig *config,
                   struct ZIMClient **out);

/**
 * The oldest client that lives: the only one, in a program that has one.
 *
 * @return A handle that still belongs to whoever created it, or NULL if no client lives.
 *
 * Thread: any. Does not block. Makes no callback.
 */
ZIM_API struct ZIMClient *ZIM_GetInstance(void);

/**
 * Destroys a client: logs out if logged in (best effort, at most 300 ms), completes every pending request with
 * ZIMErrorCode_SDKModuleClientDestroyed (thread mode: on the callback thread; poll mode: on this thread; from inside
 * a callback: nested in it), drops undelivered events, gives back the event handler's user data, and frees
 * everything. After it has returned no callback of this client ever runs. The handle is void from the first moment:
 * every function refuses it, also inside those last callbacks.
 *
 * @param client  The client. NULL, or one that was destroyed already, is refused and harms nothing.
 * @return ZIMErrorCode_Success; ZIMErrorCode_CommonModuleNotInit for no such client;
 *         ZIMErrorCode_SDKModuleCallbackStillRunning if after 1 s another thread is still inside a callback: the
 *         rest happens when that callback returns, and until then the host must keep alive what the callbacks use.
 *
 * Thread: any, also from inside a callback. Blocks for less than 1 s, whatever the network does.
 */
ZIM_API
int32_t ZIM_Destroy(struct ZIMClient *client);

/**
 * Says which functions are called when something happens. It replaces the former handler, from the next event on, and
 * does not wait: when another thread is just inside a function of the former one, that function finishes.
 *
 * @param client          The client.
 * @param handler         The functions; NULL: none. Copied.
 * @param user_data       Handed to each of them. Not touched.
 * @param free_user_data  Gives `user_data` back: run exactly once, after the last callback that used it has returned.
 *                        NULL if it need not be given back. When this function is refused, it is not run and the user
 *                        data stays with the host.
 * @return ZIMErrorCode_Success; ZIMErrorCode_CommonModuleParamsInvalid; ZIMErrorCode_CommonModuleNotInit.
 *
 * Thread: any, also from inside a callback. Does not block. Makes no callback but, in poll mode, `free_user_data`.
 */
ZIM_API
int32_t ZIM_SetEventHandler(struct ZIMClient *client,
                            const struct ZIMEventHandler *handler,
                            void *user_data,
                            ZIMFreeUserData free_user_data);

/**
 * Poll mode: makes the callbacks that are due, on this thread. Call it once per frame, or after `ZIM_WaitCallbacks`.
 * Lines for the log callback are handed over here too.
 *
 * @param client      A client that was created with ZIMCallbackMode_Poll.
 * @param max         At most this many callbacks; 0 means all that are due.
 * @param dispatched  Receives how many were made; 0 while another thread is inside this function for the same client,
 *                    and from inside a callback. May be NULL. Written only on success.
 * @return ZIMErrorCode_Success; ZIMErrorCode_CommonModuleNotInit; ZIMErrorCode_CommonModuleParamsInvalid for a client
 *         in thread mode.
 *
 * Thread: any. Does not block, apart from the time that the callbacks take. Makes callbacks.
 */
ZIM_API
int32_t ZIM_PollCallbacks(struct ZIMClient *client,
                          uint32_t max,
                          uint32_t *dispatched);

/**
 * Poll mode: waits until `ZIM_PollCallbacks` has something to do.
 *
 * @param client      A client that was created with ZIMCallbackMode_Poll.
 * @param timeout_ms  How long to wait at most, in milliseconds; 0 only asks.
 * @return ZIMErrorCode_Success: there is work. ZIMErrorCode_NetworkModuleRequestTimeout: none came in time.
 *         ZIMErrorCode_CommonModuleNotInit: no such client, or it was destroyed meanwhile (this wakes at once).
 *         ZIMErrorCode_CommonModuleParamsInvalid: the client is in thread mode.
 *
 * Thread: any. Blocks, for up to `timeout_ms`. Makes no callback.
 */
ZIM_API
int32_t ZIM_WaitCallbacks(struct ZIMClient *client,
                          uint32_t timeout_ms);

/**
 * Logs a user in and connects. It goes on trying until the request's time is up. Once it has succeeded the client
 * keeps the connection by itself, and makes it again whenever it is lost.
 *
 * @param client     The client.
 * @param user       Who logs in. Must not be NULL. Copied.
 * @param token      The user's token: at most 8,192 bytes of UTF-8. NULL means none. Copied.
 * @param callback   Told exactly once how it ended, if this function returned Success. Must not be NULL.
 * @param user_data  Handed to the callback. Not touched.
 * @return ZIMErrorCode_Success when the request was taken; ZIMErrorCode_CommonModuleParamsInvalid;
 *         ZIMErrorCode_CommonModuleNotInit; ZIMErrorCode_NetworkModuleUserHasAlreadyLogged when this client is
 *         logged in or logging in.
 *
 * Thread: any, also from inside a callback. Does not block.
 */
ZIM_API
int32_t ZIM_Login(struct ZIMClient *client,
                  const struct ZIMUserInfo *user,
                  const char *token,
                  ZIMLoggedInCallback callback,
                  void *user_data);

/**
 * Logs out: at once for the host, as well as possible for the server. Pending requests complete with
 * ZIMErrorCode_NetworkModuleUserHasAlreadyLoggedOut, and `on_connection_state_changed` reports Disconnected with
 * Success. A call of this user that nobody has accepted is cancelled by the server; if the word of the logout is lost, at
 * the next login of this client, or when the session expires. A ring that was shown here ends with
 * `on_call_invitation_timeout` and `on_call_user_state_changed`; the next login rings again if the call is still on.
 *
 * @param client  The client.
 * @return ZIMErrorCode_Success; ZIMErrorCode_CommonModuleNotInit; ZIMErrorCode_NetworkModuleUserIsNotLogged.
 *
 * Thread: any, also from inside a callback. Does not block.
 */
ZIM_API
int32_t ZIM_Logout(struct ZIMClient *client);

/**
 * Replaces the token of the session, before it expires.
 *
 * @param client     The client.
 * @param token      The new token: at most 8,192 bytes of UTF-8. Must not be NULL. Copied.
 * @param callback   Told exactly once how it ended, if this function returned Success. Must not be NULL.
 * @param user_data  Handed to the callback. Not touched.
 * @return ZIMErrorCode_Success when the request was taken; ZIMErrorCode_CommonModuleParamsInvalid;
 *         ZIMErrorCode_CommonModuleNotInit; ZIMErrorCode_NetworkModuleUserIsNotLogged.
 *
 * Thread: any, also from inside a callback. Does not block.
 */
ZIM_API
int32_t ZIM_RenewToken(struct ZIMClient *client,
                       const char *token,
                       ZIMTokenRenewedCallback callback,
                       void *user_data);

/**
 * The state of the connection right now.
 *
 * @param client  The client.
 * @return A ZIMConnectionState (0 to 3), or an error code, all of which are above 6000000:
 *         ZIMErrorCode_CommonModuleNotInit for no such client.
 *
 * Thread: any, also from inside a callback. Does not block. Makes no callback.
 */
ZIM_API int32_t ZIM_GetConnectionState(struct ZIMClient *client);

/**
 * Sends the library's log of this process to the server, if the server takes logs.
 *
 * @param client     The client.
 * @param callback   Told exactly once how it ended, if this function returned Success;
 *                   ZIMErrorCode_CommonModuleUploadLogError when the server refused it. Must not be NULL.
 * @param user_data  Handed to the callback. Not touched.
 * @return ZIMErrorCode_Success when the request was taken; ZIMErrorCode_CommonModuleParamsInvalid;
 *         ZIMErrorCode_CommonModuleNotInit; ZIMErrorCode_NetworkModuleUserIsNotLogged.
 *
 * Thread: any, also from inside a callback. Does not block.
 */
ZIM_API int32_t ZIM_UploadLog(struct ZIMClient *client, ZIMLogUploadedCallback callback, void *user_data);

/**
 * Makes a call and invites users to it. Each invitee who is online gets `on_call_invitation_received` at once, one
 * who is not when they log in before the time is up. The client makes the call's name.
 *
 * @param client         The client; must be logged in.
 * @param invitees       The user IDs; each 1 to 32 bytes. Duplicates and the caller are taken out. Must not be NULL.
 *                       Copied.
 * @param invitee_count  How many: 1 to 9 after that; more than 100 are refused at once.
 * @param config         How to invite; NULL means all defaults. Copied.
 * @param callback       Told exactly once how it ended, if this function returned Success. Must not be NULL.
 * @param user_data      Handed to the callback. Not touched.
 * @return ZIMErrorCode_Success when the request was taken; ZIMErrorCode_CommonModuleParamsInvalid;
 *         ZIMErrorCode_CallModuleServerError for too many invitees; ZIMErrorCode_CommonModuleNotInit;
 *         ZIMErrorCode_NetworkModuleUserIsNotLogged.
 *
 * Thread: any, also from inside a callback. Does not block.
 */
ZIM_API
int32_t ZIM_CallInvite(struct ZIMClient *client,
                       const char *const *invitees,
                       uint32_t invitee_count,
                       const struct ZIMCallInviteConfig *config,
                       ZIMCallInvitationSentCallback callback,
                       void *user_data);

/**
 * Takes invitations back. Each user named who is still pending gets `on_call_invitation_cancelled`. The call ends
 * when nobody is pending any more.
 *
 * @param client         The client; must be logged in, as the caller.
 * @param invitees       The user IDs; each 1 to 32 bytes. NULL with a count of 0 means everybody who is pending.
 *                       Copied.
 * @param invitee_count  How many: 0 to 100.
 * @param call_id        The call's name. Must not be NULL. Copied.
 * @param config         How to cancel; NULL means all defaults. Copied.
 * @param callback       Told exactly once how it ended, if this function returned Success. Must not be NULL.
 * @param user_data      Handed to the callback. Not touched.
 * @return ZIMErrorCode_Success when the request was taken; ZIMErrorCode_CommonModuleParamsInvalid;
 *         ZIMErrorCode_CommonModuleNotInit;
 *         ZIMErrorCode_NetworkModuleUserIsNotLogged.
 *
 * Thread: any, also from inside a callback. Does not block.
 */
ZIM_API
int32_t ZIM_CallCancel(struct ZIMClient *client,
                       const char *const *invitees,
                       uint32_t invitee_count,
                       const char *call_id,
                       const struct ZIMCallCancelConfig *config,
                       ZIMCallCancelSentCallback callback,
                       void *user_data);

/**
 * Accepts an invitation. The caller gets `on_call_invitation_accepted`, the others in the call
 * `on_call_user_state_changed`.
 *
 * @param client     The client; must be logged in, as an invitee whose answer is still awaited.
 * @param call_id    The call's name, from `on_call_invitation_received`. Must not be NULL. Copied.
 * @param config     How to accept; NULL means all defaults. Copied.
 * @param callback   Told exactly once how it ended, if this function returned Success:
 *                   ZIMErrorCode_CallModuleDoesNotExist when the invitation is over, with its state in the message.
 *                   Must not be NULL.
 * @param user_data  Handed to the callback. Not touched.
 * @return ZIMErrorCode_Success when the request was taken; ZIMErrorCode_CommonModuleParamsInvalid;
 *         ZIMErrorCode_CommonModuleNotInit; ZIMErrorCode_NetworkModuleUserIsNotLogged.
 *
 * Thread: any, also from inside a callback. Does not block.
 */
ZIM_API
int32_t ZIM_CallAccept(struct ZIMClient *client,
                       const char *call_id,
                       const struct ZIMCallAcceptConfig *config,
                       ZIMCallAcceptanceSentCallback callback,
                       void *user_data);

/**
 * Rejects an invitation. The caller gets `on_call_invitation_rejected`, the others in the call
 * `on_call_user_state_changed`.
 *
 * @param client     The client; must be logged in, as an invitee whose answer is still awaited.
 * @param call_id    The call's name, from `on_call_invitation_received`. Must not be NULL. Copied.
 * @param config     How to reject; NULL means all defaults. Copied.
 * @param callback   Told exactly once how it ended, if this function returned Success:
 *                   ZIMErrorCode_CallModuleDoesNotExist when the invitation is over, with its state in the message.
 *                   Must not be NULL.
 * @param user_data  Handed to the callback. Not touched.
 * @return ZIMErrorCode_Success when the request was taken; ZIMErrorCode_CommonModuleParamsInvalid;
 *         ZIMErrorCode_CommonModuleNotInit; ZIMErrorCode_NetworkModuleUserIsNotLogged.
 *
 * Thread: any, also from inside a callback. Does not block.
 */
ZIM_API
int32_t ZIM_CallReject(struct ZIMClient *client,
                       const char *call_id,
                       const struct ZIMCallRejectConfig *config,
                       ZIMCallRejectionSentCallback callback,
                       void *user_data);

#ifdef __cplusplus
}  // extern "C"
#endif  // __cplusplus

#endif  /* ZIM_H */
