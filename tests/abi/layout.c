/* Prints size, offsets and defaults of every struct of zim.h, in the form of layout.txt, which the library's own tests
 * keep equal to what Rust has. Only for 64-bit little-endian machines. */

#include "zim.h"

#include <stdio.h>

static void print_default(const char *name, const void *value, size_t offset, size_t size) {
    const unsigned char *bytes = (const unsigned char *)value + offset;
    size_t at;
    printf("default %s ", name);
    for (at = 0; at < size; at++) {
        printf("%02x", bytes[at]);
    }
    printf("\n");
}

#define STRUCT(type) printf("struct %s %u\n", #type, (unsigned)sizeof(type))
#define FIELD(type, name)                                                                                              \
    printf("field %s.%s %u %u\n", #type, #name, (unsigned)offsetof(type, name), (unsigned)sizeof(((type *)0)->name))
#define DEFAULT(type, name)                                                                                            \
    print_default(#type "." #name, &type##_default, offsetof(type, name), sizeof(type##_default.name))


static void print_ZIMAppConfig(void) {
    static const ZIMAppConfig ZIMAppConfig_default = ZIM_APP_CONFIG_INIT;
    STRUCT(ZIMAppConfig);
    FIELD(ZIMAppConfig, struct_size);
    FIELD(ZIMAppConfig, app_id);
    FIELD(ZIMAppConfig, app_sign);
    FIELD(ZIMAppConfig, server_url);
    FIELD(ZIMAppConfig, device_id);
    FIELD(ZIMAppConfig, callback_mode);
    FIELD(ZIMAppConfig, request_timeout_ms);
    FIELD(ZIMAppConfig, ca_file);
    DEFAULT(ZIMAppConfig, struct_size);
    DEFAULT(ZIMAppConfig, app_id);
    DEFAULT(ZIMAppConfig, app_sign);
    DEFAULT(ZIMAppConfig, server_url);
    DEFAULT(ZIMAppConfig, device_id);
    DEFAULT(ZIMAppConfig, callback_mode);
    DEFAULT(ZIMAppConfig, request_timeout_ms);
    DEFAULT(ZIMAppConfig, ca_file);
}

static void print_ZIMLogConfig(void) {
    static const ZIMLogConfig ZIMLogConfig_default = ZIM_LOG_CONFIG_INIT;
    STRUCT(ZIMLogConfig);
    FIELD(ZIMLogConfig, struct_size);
    FIELD(ZIMLogConfig, log_path);
    FIELD(ZIMLogConfig, log_size);
    DEFAULT(ZIMLogConfig, struct_size);
    DEFAULT(ZIMLogConfig, log_path);
    DEFAULT(ZIMLogConfig, log_size);
}

static void print_ZIMCacheConfig(void) {
    static const ZIMCacheConfig ZIMCacheConfig_default = ZIM_CACHE_CONFIG_INIT;
    STRUCT(ZIMCacheConfig);
    FIELD(ZIMCacheConfig, struct_size);
    FIELD(ZIMCacheConfig, cache_path);
    DEFAULT(ZIMCacheConfig, struct_size);
    DEFAULT(ZIMCacheConfig, cache_path);
}

static void print_ZIMEventHandler(void) {
    static const ZIMEventHandler ZIMEventHandler_default = ZIM_EVENT_HANDLER_INIT;
    STRUCT(ZIMEventHandler);
    FIELD(ZIMEventHandler, struct_size);
    FIELD(ZIMEventHandler, on_error);
    FIELD(ZIMEventHandler, on_connection_state_changed);
    FIELD(ZIMEventHandler, on_token_will_expire);
    FIELD(ZIMEventHandler, on_call_invitation_received);
    FIELD(ZIMEventHandler, on_call_invitation_created);
    FIELD(ZIMEventHandler, on_call_invitation_cancelled);
    FIELD(ZIMEventHandler, on_call_invitation_accepted);
    FIELD(ZIMEventHandler, on_call_invitation_rejected);
    FIELD(ZIMEventHandler, on_call_invitation_timeout);
    FIELD(ZIMEventHandler, on_call_invitees_answered_timeout);
    FIELD(ZIMEventHandler, on_call_invitation_ended);
    FIELD(ZIMEventHandler, on_call_user_state_changed);
    DEFAULT(ZIMEventHandler, struct_size);
    DEFAULT(ZIMEventHandler, on_error);
    DEFAULT(ZIMEventHandler, on_connection_state_changed);
    DEFAULT(ZIMEventHandler, on_token_will_expire);
    DEFAULT(ZIMEventHandler, on_call_invitation_received);
    DEFAULT(ZIMEventHandler, on_call_invitation_created);
    DEFAULT(ZIMEventHandler, on_call_invitation_cancelled);
    DEFAULT(ZIMEventHandler, on_call_invitation_accepted);
    DEFAULT(ZIMEventHandler, on_call_invitation_rejected);
    DEFAULT(ZIMEventHandler, on_call_invitation_timeout);
    DEFAULT(ZIMEventHandler, on_call_invitees_answered_timeout);
    DEFAULT(ZIMEventHandler, on_call_invitation_ended);
    DEFAULT(ZIMEventHandler, on_call_user_state_changed);
}

static void print_ZIMUserInfo(void) {
    static const ZIMUserInfo ZIMUserInfo_default = ZIM_USER_INFO_INIT;
    STRUCT(ZIMUserInfo);
    FIELD(ZIMUserInfo, struct_size);
    FIELD(ZIMUserInfo, user_id);
    FIELD(ZIMUserInfo, user_name);
    FIELD(ZIMUserInfo, user_avatar_url);
    FIELD(ZIMUserInfo, user_extended_data);
    DEFAULT(ZIMUserInfo, struct_size);
    DEFAULT(ZIMUserInfo, user_id);
    DEFAULT(ZIMUserInfo, user_name);
    DEFAULT(ZIMUserInfo, user_avatar_url);
    DEFAULT(ZIMUserInfo, user_extended_data);
}

static void print_ZIMVoIPConfig(void) {
    static const ZIMVoIPConfig ZIMVoIPConfig_default = ZIM_VOIP_CONFIG_INIT;
    STRUCT(ZIMVoIPConfig);
    FIELD(ZIMVoIPConfig, struct_size);
    FIELD(ZIMVoIPConfig, ios_voip_handle_type);
    FIELD(ZIMVoIPConfig, ios_voip_has_video);
    FIELD(ZIMVoIPConfig, ios_voip_handle_value);
    DEFAULT(ZIMVoIPConfig, struct_size);
    DEFAULT(ZIMVoIPConfig, ios_voip_handle_type);
    DEFAULT(ZIMVoIPConfig, ios_voip_has_video);
    DEFAULT(ZIMVoIPConfig, ios_voip_handle_value);
}

static void print_ZIMPushConfig(void) {
    static const ZIMPushConfig ZIMPushConfig_default = ZIM_PUSH_CONFIG_INIT;
    STRUCT(ZIMPushConfig);
    FIELD(ZIMPushConfig, struct_size);
    FIELD(ZIMPushConfig, title);
    FIELD(ZIMPushConfig, content);
    FIELD(ZIMPushConfig, payload);
    FIELD(ZIMPushConfig, resources_id);
    FIELD(ZIMPushConfig, thread_id);
    FIELD(ZIMPushConfig, enable_badge);
    FIELD(ZIMPushConfig, badge_increment);
    FIELD(ZIMPushConfig, voip_config);
    DEFAULT(ZIMPushConfig, struct_size);
    DEFAULT(ZIMPushConfig, title);
    DEFAULT(ZIMPushConfig, content);
    DEFAULT(ZIMPushConfig, payload);
    DEFAULT(ZIMPushConfig, resources_id);
    DEFAULT(ZIMPushConfig, thread_id);
    DEFAULT(ZIMPushConfig, enable_badge);
    DEFAULT(ZIMPushConfig, badge_increment);
    DEFAULT(ZIMPushConfig, voip_config);
}

static void print_ZIMCallInviteConfig(void) {
    static const ZIMCallInviteConfig ZIMCallInviteConfig_default = ZIM_CALL_INVITE_CONFIG_INIT;
    STRUCT(ZIMCallInviteConfig);
    FIELD(ZIMCallInviteConfig, struct_size);
    FIELD(ZIMCallInviteConfig, timeout);
    FIELD(ZIMCallInviteConfig, extended_data);
    FIELD(ZIMCallInviteConfig, push_config);
    FIELD(ZIMCallInviteConfig, mode);
    FIELD(ZIMCallInviteConfig, enable_not_received_check);
    DEFAULT(ZIMCallInviteConfig, struct_size);
    DEFAULT(ZIMCallInviteConfig, timeout);
    DEFAULT(ZIMCallInviteConfig, extended_data);
    DEFAULT(ZIMCallInviteConfig, push_config);
    DEFAULT(ZIMCallInviteConfig, mode);
    DEFAULT(ZIMCallInviteConfig, enable_not_received_check);
}

static void print_ZIMCallCancelConfig(void) {
    static const ZIMCallCancelConfig ZIMCallCancelConfig_default = ZIM_CALL_CANCEL_CONFIG_INIT;
    STRUCT(ZIMCallCancelConfig);
    FIELD(ZIMCallCancelConfig, struct_size);
    FIELD(ZIMCallCancelConfig, extended_data);
    FIELD(ZIMCallCancelConfig, push_config);
    DEFAULT(ZIMCallCancelConfig, struct_size);
    DEFAULT(ZIMCallCancelConfig, extended_data);
    DEFAULT(ZIMCallCancelConfig, push_config);
}

static void print_ZIMCallAcceptConfig(void) {
    static const ZIMCallAcceptConfig ZIMCallAcceptConfig_default = ZIM_CALL_ACCEPT_CONFIG_INIT;
    STRUCT(ZIMCallAcceptConfig);
    FIELD(ZIMCallAcceptConfig, struct_size);
    FIELD(ZIMCallAcceptConfig, extended_data);
    DEFAULT(ZIMCallAcceptConfig, struct_size);
    DEFAULT(ZIMCallAcceptConfig, extended_data);
}

static void print_ZIMCallRejectConfig(void) {
    static const ZIMCallRejectConfig ZIMCallRejectConfig_default = ZIM_CALL_REJECT_CONFIG_INIT;
    STRUCT(ZIMCallRejectConfig);
    FIELD(ZIMCallRejectConfig, struct_size);
    FIELD(ZIMCallRejectConfig, extended_data);
    DEFAULT(ZIMCallRejectConfig, struct_size);
    DEFAULT(ZIMCallRejectConfig, extended_data);
}

static void print_ZIMError(void) {
    STRUCT(ZIMError);
    FIELD(ZIMError, struct_size);
    FIELD(ZIMError, code);
    FIELD(ZIMError, message);
}

static void print_ZIMErrorUserInfo(void) {
    STRUCT(ZIMErrorUserInfo);
    FIELD(ZIMErrorUserInfo, struct_size);
    FIELD(ZIMErrorUserInfo, reason);
    FIELD(ZIMErrorUserInfo, user_id);
}

static void print_ZIMCallUserInfo(void) {
    STRUCT(ZIMCallUserInfo);
    FIELD(ZIMCallUserInfo, struct_size);
    FIELD(ZIMCallUserInfo, state);
    FIELD(ZIMCallUserInfo, reason);
    FIELD(ZIMCallUserInfo, user_id);
    FIELD(ZIMCallUserInfo, extended_data);
}

static void print_ZIMCallInvitationSentInfo(void) {
    STRUCT(ZIMCallInvitationSentInfo);
    FIELD(ZIMCallInvitationSentInfo, struct_size);
    FIELD(ZIMCallInvitationSentInfo, timeout);
    FIELD(ZIMCallInvitationSentInfo, error_user_list);
    FIELD(ZIMCallInvitationSentInfo, error_invitees);
    FIELD(ZIMCallInvitationSentInfo, error_user_list_count);
    FIELD(ZIMCallInvitationSentInfo, error_invitees_count);
}

static void print_ZIMCallInvitationReceivedInfo(void) {
    STRUCT(ZIMCallInvitationReceivedInfo);
    FIELD(ZIMCallInvitationReceivedInfo, struct_size);
    FIELD(ZIMCallInvitationReceivedInfo, timeout);
    FIELD(ZIMCallInvitationReceivedInfo, inviter);
    FIELD(ZIMCallInvitationReceivedInfo, caller);
    FIELD(ZIMCallInvitationReceivedInfo, extended_data);
    FIELD(ZIMCallInvitationReceivedInfo, mode);
    FIELD(ZIMCallInvitationReceivedInfo, call_user_list_count);
    FIELD(ZIMCallInvitationReceivedInfo, call_user_list);
    FIELD(ZIMCallInvitationReceivedInfo, create_time);
}

static void print_ZIMCallInvitationCreatedInfo(void) {
    STRUCT(ZIMCallInvitationCreatedInfo);
    FIELD(ZIMCallInvitationCreatedInfo, struct_size);
    FIELD(ZIMCallInvitationCreatedInfo, timeout);
    FIELD(ZIMCallInvitationCreatedInfo, caller);
    FIELD(ZIMCallInvitationCreatedInfo, extended_data);
    FIELD(ZIMCallInvitationCreatedInfo, mode);
    FIELD(ZIMCallInvitationCreatedInfo, call_user_list_count);
    FIELD(ZIMCallInvitationCreatedInfo, call_user_list);
    FIELD(ZIMCallInvitationCreatedInfo, create_time);
}

static void print_ZIMCallInvitationCancelledInfo(void) {
    STRUCT(ZIMCallInvitationCancelledInfo);
    FIELD(ZIMCallInvitationCancelledInfo, struct_size);
    FIELD(ZIMCallInvitationCancelledInfo, mode);
    FIELD(ZIMCallInvitationCancelledInfo, inviter);
    FIELD(ZIMCallInvitationCancelledInfo, extended_data);
}

static void print_ZIMCallInvitationAcceptedInfo(void) {
    STRUCT(ZIMCallInvitationAcceptedInfo);
    FIELD(ZIMCallInvitationAcceptedInfo, struct_size);
    FIELD(ZIMCallInvitationAcceptedInfo, invitee);
    FIELD(ZIMCallInvitationAcceptedInfo, extended_data);
}

static void print_ZIMCallInvitationRejectedInfo(void) {
    STRUCT(ZIMCallInvitationRejectedInfo);
    FIELD(ZIMCallInvitationRejectedInfo, struct_size);
    FIELD(ZIMCallInvitationRejectedInfo, invitee);
    FIELD(ZIMCallInvitationRejectedInfo, extended_data);
}

static void print_ZIMCallInvitationTimeoutInfo(void) {
    STRUCT(ZIMCallInvitationTimeoutInfo);
    FIELD(ZIMCallInvitationTimeoutInfo, struct_size);
    FIELD(ZIMCallInvitationTimeoutInfo, mode);
}

static void print_ZIMCallInvitationEndedInfo(void) {
    STRUCT(ZIMCallInvitationEndedInfo);
    FIELD(ZIMCallInvitationEndedInfo, struct_size);
    FIELD(ZIMCallInvitationEndedInfo, mode);
    FIELD(ZIMCallInvitationEndedInfo, caller);
    FIELD(ZIMCallInvitationEndedInfo, operated_user_id);
    FIELD(ZIMCallInvitationEndedInfo, extended_data);
    FIELD(ZIMCallInvitationEndedInfo, end_time);
}

static void print_ZIMCallUserStateChangeInfo(void) {
    STRUCT(ZIMCallUserStateChangeInfo);
    FIELD(ZIMCallUserStateChangeInfo, struct_size);
    FIELD(ZIMCallUserStateChangeInfo, call_user_list_count);
    FIELD(ZIMCallUserStateChangeInfo, call_user_list);
}

int main(void) {
    print_ZIMAppConfig();
    print_ZIMLogConfig();
    print_ZIMCacheConfig();
    print_ZIMEventHandler();
    print_ZIMUserInfo();
    print_ZIMVoIPConfig();
    print_ZIMPushConfig();
    print_ZIMCallInviteConfig();
    print_ZIMCallCancelConfig();
    print_ZIMCallAcceptConfig();
    print_ZIMCallRejectConfig();
    print_ZIMError();
    print_ZIMErrorUserInfo();
    print_ZIMCallUserInfo();
    print_ZIMCallInvitationSentInfo();
    print_ZIMCallInvitationReceivedInfo();
    print_ZIMCallInvitationCreatedInfo();
    print_ZIMCallInvitationCancelledInfo();
    print_ZIMCallInvitationAcceptedInfo();
    print_ZIMCallInvitationRejectedInfo();
    print_ZIMCallInvitationTimeoutInfo();
    print_ZIMCallInvitationEndedInfo();
    print_ZIMCallUserStateChangeInfo();
    return 0;
}
