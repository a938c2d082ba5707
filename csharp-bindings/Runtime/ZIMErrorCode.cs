namespace ZEGO
{
    /// <summary>
    /// Why something failed; 0 is success. The same numbers as in C (<c>ZIMErrorCode_</c> + name).
    /// </summary>
    /// <remarks>
    /// The first part is everything this library and its server return. The second part are further names of
    /// ZEGOCLOUD's enum, with its numbers, so that code which mentions them compiles: a name there is either another
    /// spelling of a code of the first part or a code that is never returned here. Compare with the names of the first part.
    /// </remarks>
    public enum ZIMErrorCode
    {
        /// <summary>The operation was done.</summary>
        Success = 0,
        /// <summary>An error that no other code describes; the message says what happened.</summary>
        Failed = 1,
        /// <summary>A parameter is missing, malformed or out of range; the message says which one and what is allowed.</summary>
        CommonModuleParamsInvalid = 6000001,
        /// <summary>No such client: the handle is NULL, stale, destroyed or was never one.</summary>
        CommonModuleNotInit = 6000002,
        /// <summary>The server does not know this app ID.</summary>
        CommonModuleInvalidAppID = 6000003,
        /// <summary>Too many calls of this function in a short time; refused by the library.</summary>
        CommonModuleTriggerSDKFrequencyLimit = 6000004,
        /// <summary>Too many requests in a short time; refused by the server.</summary>
        CommonModuleTriggerServerFrequencyLimit = 6000005,
        /// <summary>The server failed; trying again later may help.</summary>
        CommonModuleIMServerError = 6000007,
        /// <summary>The server's store failed; trying again later may help.</summary>
        CommonModuleIMDatabaseError = 6000008,
        /// <summary>The link was lost and the outcome could not be learned.</summary>
        CommonModuleIMServerDisconnect = 6000009,
        /// <summary>The server does not take logs, or refused this one.</summary>
        CommonModuleUploadLogError = 6000010,
        /// <summary>The server does not know this user.</summary>
        CommonModuleUserIsNotExist = 6000011,
        /// <summary>The link failed in a way that no other code describes.</summary>
        NetworkModuleCommonError = 6000101,
        /// <summary>What answered at the server's address is not a working zim-server.</summary>
        NetworkModuleServerError = 6000102,
        /// <summary>The token was refused.</summary>
        NetworkModuleTokenInvalid = 6000103,
        /// <summary>The server could not be reached; the message says why.</summary>
        NetworkModuleNetworkError = 6000104,
        /// <summary>No answer within the request's time; whether it was done is not known.</summary>
        NetworkModuleRequestTimeout = 6000105,
        /// <summary>The token has expired; renew it.</summary>
        NetworkModuleTokenExpired = 6000106,
        /// <summary>The token is of an unknown version.</summary>
        NetworkModuleTokenVersionError = 6000107,
        /// <summary>The token has less than 30 s to live.</summary>
        NetworkModuleTokenTimeIsTooShort = 6000108,
        /// <summary>The server's answer could not be understood.</summary>
        NetworkModuleRspProtoParseError = 6000109,
        /// <summary>This client is logged in, or logging in, already.</summary>
        NetworkModuleUserHasAlreadyLogged = 6000111,
        /// <summary>This client is not logged in.</summary>
        NetworkModuleUserIsNotLogged = 6000121,
        /// <summary>This client logged out before the request was answered.</summary>
        NetworkModuleUserHasAlreadyLoggedOut = 6000122,
        /// <summary>The user is offline.</summary>
        NetworkModuleUserOffline = 6000123,
        /// <summary>The call operation failed in a way that no other code describes.</summary>
        CallModuleCommonError = 6000270,
        /// <summary>Nothing to cancel: the invitation has been answered already.</summary>
        CallModuleCancelError = 6000271,
        /// <summary>Too many invitees.</summary>
        CallModuleServerError = 6000272,
        /// <summary>Not yours to cancel: you invited nobody to this call.</summary>
        CallModuleIsNotInvitor = 6000273,
        /// <summary>Not yours to answer: you are not invited to this call.</summary>
        CallModuleIsNotInvitee = 6000274,
        /// <summary>This call ID is taken.</summary>
        CallModuleAlreadyExists = 6000275,
        /// <summary>This call is unknown, or is over for you.</summary>
        CallModuleDoesNotExist = 6000276,
        /// <summary>None of the invitees is a known user.</summary>
        CallModuleInviteUserDoesNotExist = 6000281,
        /// <summary>The user is in this call already.</summary>
        CallModuleUserAlreadyInTheCall = 6000283,
        /// <summary>The operation exists for calls in Advanced mode only.</summary>
        CallModuleNotAdvancedMode = 6000286,
        /// <summary><c>Destroy</c> did not wait longer for a callback that another thread is still inside of; the rest happens when it returns.</summary>
        SDKModuleCallbackStillRunning = 6090001,
        /// <summary>An internal error made this client unusable; destroy it and create another.</summary>
        SDKModuleClientPoisoned = 6090002,
        /// <summary>An internal error of the library; please report it with its message.</summary>
        SDKModuleInternalError = 6090003,
        /// <summary>The same user has logged in elsewhere; this session has ended.</summary>
        SDKModuleKickedOut = 6090004,
        /// <summary>The session has ended; log in again.</summary>
        SDKModuleSessionExpired = 6090005,
        /// <summary>The other side sent something that the protocol does not allow; the message says what.</summary>
        SDKModuleProtocolError = 6090006,
        /// <summary>The server is stopping; the client reconnects by itself.</summary>
        SDKModuleServerStopping = 6090007,
        /// <summary>The client was destroyed before the request was answered.</summary>
        SDKModuleClientDestroyed = 6090008,
        /// <summary>The user has answered on another device.</summary>
        CallReasonAnsweredElsewhere = 6090101,
        /// <summary>The inviter has cancelled.</summary>
        CallReasonCancelledByInviter = 6090102,
        /// <summary>The caller logged out or was lost before anyone accepted.</summary>
        CallReasonCallerLeft = 6090103,
        /// <summary>A device rang, and nobody answered in time.</summary>
        CallReasonNoAnswer = 6090104,
        /// <summary>No device of the user was reached in time.</summary>
        CallReasonNotReached = 6090105,
        /// <summary>The user declined.</summary>
        CallReasonDeclined = 6090106,
        /// <summary>Everyone who had accepted has gone.</summary>
        CallReasonAllLeft = 6090107,
        /// <summary>The server no longer knows the call.</summary>
        CallReasonCallLost = 6090108,
        /// <summary>This device ended the ring by itself: its time had run out, or its session had ended, and the server's word had not arrived.</summary>
        CallReasonEndedLocally = 6090109,

        // Further names of the enum that users of ZEGOCLOUD's class know.
#pragma warning disable 1591
        CommonModuleParamInvalid = 6000001,
        CommonModuleEngineNotInit = 6000002,
        CommonModuleSwitchServerError = 6000006,
        CommonModuleIMDataBaseError = 6000008,
        CommonModuleImServerDisconnect = 6000009,
        CommonModuleUserInfoQueriedLimit = 6000012,
        CommonModuleUserIsOperationLimit = 6000012,
        CommonModuleUnsupportedRequest = 6000013,
        CommonModuleUnsupportedRequestOfCurrentMenu = 6000013,
        CommonModuleUnactivatedIMServer = 6000014,
        CommonModuleExceedDAULimit = 6000015,
        CommonModuleExceedDauLimit = 6000015,
        CommonModuleExceedMAULimit = 6000016,
        CommonModuleExceedMauLimit = 6000016,
        NetworkModuleTokenTimeIsTooLong = 6000109,
        NetworkModuleUserIDError = 6000124,
        NetworkModuleUserIdError = 6000124,
        MessageModuleCommonError = 6000201,
        MessageModuleServerError = 6000202,
        MessageModuleSendMessageFailed = 6000203,
        MessageModuleTargetDoesNotExist = 6000204,
        MessageModuleTargetDoseNotExist = 6000204,
        MessageModuleEditMessageFailed = 6000205,
        MessageModuleSendMessageFailedForCancelled = 6000206,
        MessageModuleCancelSendingMessageFailed = 6000207,
        MessageModuleMessageIsNotPinned = 6000208,
        MessageModuleFileError = 6000210,
        MessageModuleFileNotExist = 6000211,
        MessageModuleFileServerError = 6000212,
        MessageModuleFileTypeUnsupported = 6000213,
        MessageModuleFileSizeInvalid = 6000214,
        MessageModuleFileDurationInvalid = 6000215,
        MessageModuleFilePermissionDenied = 6000216,
        MessageModuleFileDownloadFailed = 6000217,
        MessageModuleFileDownloadLimit = 6000218,
        MessageModuleFileDownloadUrlNotFound = 6000219,
        MessageModuleFileDownloadHttpRequestServerError = 6000220,
        MessageModuleAuditRejected = 6000221,
        MessageModuleAuditFailed = 6000222,
        MessageModuleAuditCustomSentRejected = 6000230,
        MessageModuleMuted = 6000231,
        MessageModuleCacheFileOpenFailed = 6000240,
        MessageModuleCacheFileExportOrImportIsInProgressCurrently = 6000241,
        MessageModuleCacheFileOnlyCanImportCacheOfOneself = 6000242,
        MessageModuleCacheFileExportFailed = 6000243,
        MessageModuleCacheFileImportFailed = 6000244,
        MessageModuleCacheFileJsonParseFailed = 6000245,
        MessageModuleFileConnectError = 6000251,
        MessageModuleFileHttpError = 6000252,
        MessageModuleFileVerificationError = 6000253,
        MessageModuleFileClientError = 6000254,
        MessageModuleCallError = 6000270,
        MessageModuleCancelCallError = 6000271,
        MessageModuleCallServerError = 6000272,
        MessageModuleIsNotInvitor = 6000273,
        MessageModuleIsNotInvitee = 6000274,
        MessageModuleCallAlreadyExists = 6000275,
        MessageModuleCallDoesNotExist = 6000276,
        MessageModuleCallDoseNotExist = 6000276,
        MessageModuleReceiptReadError = 6000277,
        MessageModuleMessageExceedsRevokeTime = 6000278,
        MessageModuleMessageHasBeenRevoked = 6000279,
        MessageModuleMessageReactionTypeExisted = 6000280,
        MessageModuleCallInviteUserDoesNotExist = 6000281,
        MessageModuleMessageReceiptLimit = 6000282,
        MessageModuleUserAlreadyInTheCall = 6000283,
        MessageModuleSenderInBlacklist = 6000284,
        MessageModuleEditNoCorrespondingOperationAuthority = 6000285,
        MessageModuleNoCorrespondingOperationAuthority = 6000285,
        MessageModuleMessageExceedsEditTime = 6000286,
        MessageModuleTheNumberOfPinnedMessagesExceedsLimit = 6000287,
        RoomModuleCommonError = 6000301,
        RoomModuleServerError = 6000302,
        RoomModuleCreateRoomError = 6000303,
        RoomModuleJoinRoomError = 6000304,
        RoomModuleLeaveRoomError = 6000306,
        RoomModuleRoomMemberQueryFailed = 6000310,
        RoomModuleTheRoomMemberQueryFailed = 6000310,
        RoomModuleRoomMemberQueryFailedCompletely = 6000311,
        RoomModuleTheRoomMembersQueryFailedCompletely = 6000311,
        RoomModuleUserIsAlreadyInTheRoom = 6000320,
        RoomModuleUserIsNotInTheRoom = 6000321,
        RoomModuleTheRoomDoesNotExist = 6000322,
        RoomModuleTheRoomDoseNotExist = 6000322,
        RoomModuleTheRoomAlreadyExists = 6000323,
        RoomModuleTheNumberOfExistingRoomsHasReachedLimit = 6000324,
        RoomModuleTheNumberOfJoinedRoomsHasReachedLimit = 6000325,
        RoomModuleTheRoomIsConnecting = 6000326,
        RoomModuleRoomMemberIsBlocked = 6000327,
        RoomModuleRoomAttributesCommonError = 6000330,
        RoomModuleRoomAttributesOperationFailedCompletely = 6000331,
        RoomModuleRoomAttributesOperationFailedPartly = 6000332,
        RoomModuleRoomAttributesQueryFailed = 6000333,
        RoomModuleTheNumberOfRoomAttributesExceedsLimit = 6000334,
        RoomModuleTheLengthOfRoomAttributeKeyExceedsLimit = 6000335,
        RoomModuleTheLengthOfRoomAttributeValueExceedsLimit = 6000336,
        RoomModuleTheTotalLengthOfRoomAttributesValueExceedsLimit = 6000337,
        RoomModuleRoomMemberAttributesCommonError = 6000350,
        RoomModuleRoomMemberAttributesKVExceedsLimit = 6000351,
        RoomModuleTheTotalLengthOfRoomMemberAttributesExceedsLimit = 6000351,
        RoomModuleRoomMemberAttributesKeyExceedsLimit = 6000352,
        RoomModuleTheLengthOfRoomMemberAttributesKeyExceedsLimit = 6000352,
        RoomModuleRoomMemberAttributesValueExceedsLimit = 6000353,
        RoomModuleTheLengthOfRoomMemberAttributesValueExceedsLimit = 6000353,
        RoomModuleRoomMemberAttributesSetRoomUserAttributesCountExceedLimit = 6000357,
        RoomModuleTheMemberNumberOfRoomMemberAttributesExceedsLimit = 6000357,
        ZpnsModulePushIDInvalid = 6000401,
        GroupModuleCommonError = 6000501,
        GroupModuleServerError = 6000502,
        GroupModuleCreateGroupError = 6000503,
        GroupModuleDismissGroupError = 6000504,
        GroupModuleJoinGroupError = 6000505,
        GroupModuleLeaveGroupError = 6000506,
        GroupModuleKickOutGroupMemberError = 6000507,
        GroupModuleKickoutGroupMemberError = 6000507,
        GroupModuleInviteUserIntoGroupError = 6000508,
        GroupModuleTransferOwnerError = 6000509,
        GroupModuleUpdateGroupInfoError = 6000510,
        GroupModuleQueryGroupInfoError = 6000511,
        GroupModuleGroupAttributesOperationFailed = 6000512,
        GroupModuleGroupAttributesQueryFailed = 6000513,
        GroupModuleUpdateGroupMemberInfoError = 6000514,
        GroupModuleQueryGroupMemberInfoError = 6000515,
        GroupModuleQueryGroupListError = 6000516,
        GroupModuleQueryGroupMemberListError = 6000517,
        GroupModuleUserIsNotInTheGroup = 6000521,
        GroupModuleMemberIsAlreadyInTheGroup = 6000522,
        GroupModuleGroupDoesNotExist = 6000523,
        GroupModuleGroupDoseNotExist = 6000523,
        GroupModuleGroupAlreadyExists = 6000524,
        GroupModuleGroupMemberHasReachedLimit = 6000525,
        GroupModuleGroupAttributeDoesNotExist = 6000526,
        GroupModuleGroupAttributeDoseNotExist = 6000526,
        GroupModuleCreateGroupWithDismissed = 6000527,
        GroupModuleGroupWithDismissed = 6000527,
        GroupModuleTheNumberOfGroupAttributesExceedsLimit = 6000531,
        GroupModuleTheLengthOfGroupAttributeKeyExceedsLimit = 6000532,
        GroupModuleTheLengthOfGroupAttributeValueExceedsLimit = 6000533,
        GroupModuleTheTotalLengthOfGroupAttributeValueExceedsLimit = 6000534,
        GroupModuleTheTotalLengthOfGroupAttributesValueExceedsLimit = 6000534,
        GroupModuleGroupNoCorrespondingOperationAuthority = 6000541,
        GroupModuleNoCorrespondingOperationAuthority = 6000541,
        GroupModuleForbidJoinGroupError = 6000542,
        GroupModuleGroupDataBaseError = 6000542,
        GroupModuleNeedApplyJoinGroupError = 6000543,
        GroupModuleNeedApplyInviteGroupError = 6000544,
        ConversationModuleCommonError = 6000601,
        ConversationModuleServerError = 6000602,
        ConversationModuleConversationDoesNotExist = 6000603,
        ConversationModuleConversationDoseNotExist = 6000603,
        ConversationModuleConversationPinnedListReachedLimit = 6000604,
        ConversationModulePinnedListReachedLimit = 6000604,
        ConversationModuleTheNumberOfPinnedConversationsHasReachedLimit = 6000604,
        DatabaseModuleOpenDatabaseError = 6000701,
        DatabaseModuleModifyDatabaseError = 6000702,
        DatabaseModuleDeleteDatabaseError = 6000703,
        DatabaseModuleSeleteDatabaseError = 6000704,
        DatabaseModuleDbIsNotOpened = 6000710,
        FriendModuleFriendNumsLimit = 6000801,
        FriendModuleFriendsNumLimit = 6000801,
        FriendModuleFriendApplicationStatusError = 6000802,
        FriendModuleIsAlreadyYourFriend = 6000803,
        FriendModuleAlreadyAddToBlacklist = 6000804,
        FriendModuleCannotAddSelfToBlacklist = 6000805,
        FriendModuleAlreadyDeleteFromBlacklist = 6000806,
        FriendModuleUserNotInBlacklist = 6000807,
        FriendModuleBlacklistListQuantityLimit = 6000808,
        FriendModuleFriendOperationLimitExceeded = 6000809,
        FriendModuleCannotAddSelfToFriendList = 6000810,
        FriendModuleFriendAreUnregistered = 6000811,
        FriendModuleNotYourFriend = 6000812,
        FriendModuleCannotDeleteSelf = 6000813,
        FriendModuleFriendApplicationExpired = 6000814,
        FriendModuleAddBlacklistFail = 6000815,
        FriendModuleDelBlacklistFail = 6000816,
#pragma warning restore 1591
    }
}
