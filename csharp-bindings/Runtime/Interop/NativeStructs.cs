using System;
using System.Runtime.InteropServices;

namespace ZEGO.Interop
{
    // The structs of zim.h, field by field. Texts and lists are addresses; all are blittable.

    [StructLayout(LayoutKind.Sequential)]
    internal struct NativeLogConfig
    {
        internal uint struct_size;
        internal IntPtr log_path;
        internal ulong log_size;
    }

    [StructLayout(LayoutKind.Sequential)]
    internal struct NativeCacheConfig
    {
        internal uint struct_size;
        internal IntPtr cache_path;
    }

    [StructLayout(LayoutKind.Sequential)]
    internal struct NativeAppConfig
    {
        internal uint struct_size;
        internal uint app_id;
        internal IntPtr app_sign;
        internal IntPtr server_url;
        internal IntPtr device_id;
        internal int callback_mode;
        internal uint request_timeout_ms;
        internal IntPtr ca_file;
    }

    [StructLayout(LayoutKind.Sequential)]
    internal struct NativeError
    {
        internal uint struct_size;
        internal int code;
        internal IntPtr message;
    }

    [StructLayout(LayoutKind.Sequential)]
    internal struct NativeUserInfo
    {
        internal uint struct_size;
        internal IntPtr user_id;
        internal IntPtr user_name;
        internal IntPtr user_avatar_url;
        internal IntPtr user_extended_data;
    }

    [StructLayout(LayoutKind.Sequential)]
    internal struct NativeVoIPConfig
    {
        internal uint struct_size;
        internal int ios_voip_handle_type;
        internal int ios_voip_has_video;
        internal IntPtr ios_voip_handle_value;
    }

    [StructLayout(LayoutKind.Sequential)]
    internal struct NativePushConfig
    {
        internal uint struct_size;
        internal IntPtr title;
        internal IntPtr content;
        internal IntPtr payload;
        internal IntPtr resources_id;
        internal IntPtr thread_id;
        internal int enable_badge;
        internal int badge_increment;
        internal IntPtr voip_config;
    }

    [StructLayout(LayoutKind.Sequential)]
    internal struct NativeCallInviteConfig
    {
        internal uint struct_size;
        internal uint timeout;
        internal IntPtr extended_data;
        internal IntPtr push_config;
        internal int mode;
        internal int enable_not_received_check;
    }

    [StructLayout(LayoutKind.Sequential)]
    internal struct NativeCallCancelConfig
    {
        internal uint struct_size;
        internal IntPtr extended_data;
        internal IntPtr push_config;
    }

    /// <summary><c>ZIMCallAcceptConfig</c> and <c>ZIMCallRejectConfig</c>, which are alike.</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct NativeCallAnswerConfig
    {
        internal uint struct_size;
        internal IntPtr extended_data;
    }

    [StructLayout(LayoutKind.Sequential)]
    internal struct NativeCallUserInfo
    {
        internal uint struct_size;
        internal int state;
        internal int reason;
        internal IntPtr user_id;
        internal IntPtr extended_data;
    }

    [StructLayout(LayoutKind.Sequential)]
    internal struct NativeErrorUserInfo
    {
        internal uint struct_size;
        internal uint reason;
        internal IntPtr user_id;
    }

    [StructLayout(LayoutKind.Sequential)]
    internal struct NativeCallInvitationSentInfo
    {
        internal uint struct_size;
        internal int timeout;
        internal IntPtr error_user_list;
        internal IntPtr error_invitees;
        internal uint error_user_list_count;
        internal uint error_invitees_count;
    }

    [StructLayout(LayoutKind.Sequential)]
    internal struct NativeCallInvitationReceivedInfo
    {
        internal uint struct_size;
        internal int timeout;
        internal IntPtr inviter;
        internal IntPtr caller;
        internal IntPtr extended_data;
        internal int mode;
        internal uint call_user_list_count;
        internal IntPtr call_user_list;
        internal long create_time;
    }

    [StructLayout(LayoutKind.Sequential)]
    internal struct NativeCallInvitationCreatedInfo
    {
        internal uint struct_size;
        internal int timeout;
        internal IntPtr caller;
        internal IntPtr extended_data;
        internal int mode;
        internal uint call_user_list_count;
        internal IntPtr call_user_list;
        internal long create_time;
    }

    [StructLayout(LayoutKind.Sequential)]
    internal struct NativeCallInvitationCancelledInfo
    {
        internal uint struct_size;
        internal int mode;
        internal IntPtr inviter;
        internal IntPtr extended_data;
    }

    /// <summary><c>ZIMCallInvitationAcceptedInfo</c> and <c>ZIMCallInvitationRejectedInfo</c>, which are alike.</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct NativeCallInvitationAnsweredInfo
    {
        internal uint struct_size;
        internal IntPtr invitee;
        internal IntPtr extended_data;
    }

    [StructLayout(LayoutKind.Sequential)]
    internal struct NativeCallInvitationTimeoutInfo
    {
        internal uint struct_size;
        internal int mode;
    }

    [StructLayout(LayoutKind.Sequential)]
    internal struct NativeCallInvitationEndedInfo
    {
        internal uint struct_size;
        internal int mode;
        internal IntPtr caller;
        internal IntPtr operated_user_id;
        internal IntPtr extended_data;
        internal long end_time;
    }

    [StructLayout(LayoutKind.Sequential)]
    internal struct NativeCallUserStateChangeInfo
    {
        internal uint struct_size;
        internal uint call_user_list_count;
        internal IntPtr call_user_list;
    }

    [StructLayout(LayoutKind.Sequential)]
    internal struct NativeEventHandler
    {
        internal uint struct_size;
        internal IntPtr on_error;
        internal IntPtr on_connection_state_changed;
        internal IntPtr on_token_will_expire;
        internal IntPtr on_call_invitation_received;
        internal IntPtr on_call_invitation_created;
        internal IntPtr on_call_invitation_cancelled;
        internal IntPtr on_call_invitation_accepted;
        internal IntPtr on_call_invitation_rejected;
        internal IntPtr on_call_invitation_timeout;
        internal IntPtr on_call_invitees_answered_timeout;
        internal IntPtr on_call_invitation_ended;
        internal IntPtr on_call_user_state_changed;
    }
}
