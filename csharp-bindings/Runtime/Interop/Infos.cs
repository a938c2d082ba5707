using System;
using System.Collections.Generic;

namespace ZEGO.Interop
{
    /// <summary>What callbacks are told, read out of the library's structs before the callback returns.</summary>
    internal static unsafe class Infos
    {
        internal static ZIMCallInvitationSentInfo Sent(IntPtr address)
        {
            ZIMCallInvitationSentInfo info = new ZIMCallInvitationSentInfo();
            NativeCallInvitationSentInfo* native = (NativeCallInvitationSentInfo*)address;
            if (native == null) return info;
            info.timeout = native->timeout;
            info.errorUserList = ErrorUsers(native->error_user_list, native->error_user_list_count);
            info.errorInvitees = Users(native->error_invitees, native->error_invitees_count);
            return info;
        }

        internal static ZIMCallInvitationReceivedInfo Received(IntPtr address)
        {
            NativeCallInvitationReceivedInfo* native = (NativeCallInvitationReceivedInfo*)address;
            return new ZIMCallInvitationReceivedInfo
            {
                timeout = native->timeout,
                inviter = Text.Read(native->inviter),
                caller = Text.Read(native->caller),
                extendedData = Text.Read(native->extended_data),
                mode = (ZIMCallInvitationMode)native->mode,
                createTime = native->create_time,
                callUserList = Users(native->call_user_list, native->call_user_list_count),
            };
        }

        internal static ZIMCallInvitationCreatedInfo Created(IntPtr address)
        {
            NativeCallInvitationCreatedInfo* native = (NativeCallInvitationCreatedInfo*)address;
            return new ZIMCallInvitationCreatedInfo
            {
                timeout = native->timeout,
                caller = Text.Read(native->caller),
                extendedData = Text.Read(native->extended_data),
                mode = (ZIMCallInvitationMode)native->mode,
                createTime = native->create_time,
                callUserList = Users(native->call_user_list, native->call_user_list_count),
            };
        }

        internal static ZIMCallInvitationCancelledInfo Cancelled(IntPtr address)
        {
            NativeCallInvitationCancelledInfo* native = (NativeCallInvitationCancelledInfo*)address;
            return new ZIMCallInvitationCancelledInfo
            {
                inviter = Text.Read(native->inviter),
                extendedData = Text.Read(native->extended_data),
                mode = (ZIMCallInvitationMode)native->mode,
            };
        }

        internal static ZIMCallInvitationAcceptedInfo Accepted(IntPtr address)
        {
            NativeCallInvitationAnsweredInfo* native = (NativeCallInvitationAnsweredInfo*)address;
            return new ZIMCallInvitationAcceptedInfo
            {
                invitee = Text.Read(native->invitee),
                extendedData = Text.Read(native->extended_data),
            };
        }

        internal static ZIMCallInvitationRejectedInfo Rejected(IntPtr address)
        {
            NativeCallInvitationAnsweredInfo* native = (NativeCallInvitationAnsweredInfo*)address;
            return new ZIMCallInvitationRejectedInfo
            {
                invitee = Text.Read(native->invitee),
                extendedData = Text.Read(native->extended_data),
            };
        }

        internal static ZIMCallInvitationTimeoutInfo TimedOut(IntPtr address)
        {
            NativeCallInvitationTimeoutInfo* native = (NativeCallInvitationTimeoutInfo*)address;
            return new ZIMCallInvitationTimeoutInfo { mode = (ZIMCallInvitationMode)native->mode };
        }

        internal static ZIMCallInvitationEndedInfo Ended(IntPtr address)
        {
            NativeCallInvitationEndedInfo* native = (NativeCallInvitationEndedInfo*)address;
            return new ZIMCallInvitationEndedInfo
            {
                caller = Text.Read(native->caller),
                operatedUserID = Text.Read(native->operated_user_id),
                extendedData = Text.Read(native->extended_data),
                mode = (ZIMCallInvitationMode)native->mode,
                endTime = native->end_time,
            };
        }

        internal static ZIMCallUserStateChangeInfo StateChange(IntPtr address)
        {
            NativeCallUserStateChangeInfo* native = (NativeCallUserStateChangeInfo*)address;
            return new ZIMCallUserStateChangeInfo
            {
                callUserList = Users(native->call_user_list, native->call_user_list_count),
            };
        }

        internal static List<ZIMErrorUserInfo> ErrorUsers(IntPtr rows, uint count)
        {
            List<ZIMErrorUserInfo> users = new List<ZIMErrorUserInfo>((int)count);
            NativeErrorUserInfo** next = (NativeErrorUserInfo**)rows;
            for (uint at = 0; at < count; at++)
            {
                users.Add(new ZIMErrorUserInfo { userID = Text.Read(next[at]->user_id), reason = next[at]->reason });
            }
            return users;
        }

        private static List<ZIMCallUserInfo> Users(IntPtr rows, uint count)
        {
            List<ZIMCallUserInfo> users = new List<ZIMCallUserInfo>((int)count);
            NativeCallUserInfo** next = (NativeCallUserInfo**)rows;
            for (uint at = 0; at < count; at++)
            {
                users.Add(new ZIMCallUserInfo
                {
                    userID = Text.Read(next[at]->user_id),
                    state = (ZIMCallUserState)next[at]->state,
                    extendedData = Text.Read(next[at]->extended_data),
                    reason = (ZIMErrorCode)next[at]->reason,
                });
            }
            return users;
        }
    }
}
