using System;
using System.Collections.Generic;
using ZEGO;

namespace ZIMTests
{
    /// <summary>
    /// Code as users of ZEGOCLOUD's Unity class write it, in every form that compiles there. It must compile unchanged.
    /// </summary>
    public class UserCode
    {
        private string lastCallID = "";

        public void StartUp()
        {
            ZIMAppConfig appConfig = new ZIMAppConfig();
            appConfig.appID = 1234567890;
            appConfig.appSign = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
            ZIM.Create(appConfig);

            ZIMLogConfig logConfig = new ZIMLogConfig();
            logConfig.logPath = "logs";
            logConfig.logSize = 5 * 1024 * 1024;
            ZIM.SetLogConfig(logConfig);

            ZIMCacheConfig cacheConfig = new ZIMCacheConfig();
            cacheConfig.cachePath = "cache";
            ZIM.SetCacheConfig(cacheConfig);

            string version = ZIM.GetVersion();
            Console.WriteLine(version);
        }

        public void Subscribe()
        {
            ZIM.GetInstance().onError = (ZIM zim, ZIMError errorInfo) =>
            {
                Console.WriteLine("onError" + errorInfo.code + " " + errorInfo.message);
            };
            ZIM.GetInstance().onConnectionStateChanged = (ZIM zim, ZIMConnectionState state, ZIMConnectionEvent connectionEvent,
                Dictionary<string, string> extendedData) =>
            {
                if (state == ZIMConnectionState.Disconnected && connectionEvent == ZIMConnectionEvent.KickedOut) lastCallID = "";
                string reason;
                extendedData.TryGetValue("reason", out reason);
            };
            ZIM.GetInstance().onTokenWillExpire = (ZIM zim, uint second) =>
            {
                zim.RenewToken("token" + second, (string token, ZIMError errorInfo) =>
                {
                    if (errorInfo.code == ZIMErrorCode.Success) Console.WriteLine(token);
                });
            };
            ZIM.GetInstance().onCallInvitationReceived = (ZIM zim, ZIMCallInvitationReceivedInfo info, string callID) =>
            {
                string text = info.inviter + info.caller + info.extendedData + info.timeout + info.mode + info.createTime;
                foreach (ZIMCallUserInfo user in info.callUserList) text += user.userID + user.state + user.extendedData;
                lastCallID = callID + text;
            };
            ZIM.GetInstance().onCallInvitationCreated = delegate (ZIM zim, ZIMCallInvitationCreatedInfo info, string callID)
            {
                lastCallID = callID + info.caller + info.extendedData + info.timeout + info.mode + info.createTime + info.callUserList.Count;
            };
            ZIM.GetInstance().onCallInvitationCancelled = OnCancelled;
            ZIM.GetInstance().onCallInvitationCancelled += OnCancelled;
            ZIM.GetInstance().onCallInvitationCancelled -= OnCancelled;
            ZIM.GetInstance().onCallInvitationAccepted += (zim, info, callID) => lastCallID = info.invitee + info.extendedData;
            ZIM.GetInstance().onCallInvitationRejected += (ZIM zim, ZIMCallInvitationRejectedInfo info, string callID) =>
            {
                lastCallID = info.invitee + info.extendedData;
            };
            ZIM.GetInstance().onCallInvitationTimeout = (ZIM zim, string callID) => { lastCallID = callID; };
            ZIM.GetInstance().onCallInviteesAnsweredTimeout = (ZIM zim, List<string> invitees, string callID) =>
            {
                foreach (string invitee in invitees) lastCallID += invitee;
            };
            ZIM.GetInstance().onCallInvitationEnded = (ZIM zim, ZIMCallInvitationEndedInfo info, string callID) =>
            {
                lastCallID = info.caller + info.operatedUserID + info.extendedData + info.mode + info.endTime;
            };
            ZIM.GetInstance().onCallUserStateChanged = (ZIM zim, ZIMCallUserStateChangeInfo info, string callID) =>
            {
                foreach (ZIMCallUserInfo user in info.callUserList)
                {
                    switch (user.state)
                    {
                        case ZIMCallUserState.Inviting:
                        case ZIMCallUserState.Received:
                        case ZIMCallUserState.Accepted:
                        case ZIMCallUserState.Rejected:
                        case ZIMCallUserState.Cancelled:
                        case ZIMCallUserState.Offline:
                        case ZIMCallUserState.Timeout:
                        case ZIMCallUserState.Quit:
                            lastCallID += user.userID;
                            break;
                    }
                }
            };
            ZIM.GetInstance().onError = null;
            if (ZIM.GetInstance().onTokenWillExpire != null) ZIM.GetInstance().onTokenWillExpire = null;
        }

        public void Session()
        {
            ZIMUserInfo userInfo = new ZIMUserInfo();
            userInfo.userID = "user_a";
            userInfo.userName = "User A";
            ZIM.GetInstance().Login(userInfo, "token", (ZIMError errorInfo) =>
            {
                if (errorInfo.code == ZIMErrorCode.Success) Console.WriteLine("in");
                else if (errorInfo.code == ZIMErrorCode.NetworkModuleTokenInvalid) Console.WriteLine("bad token");
                else if (errorInfo.code == ZIMErrorCode.CommonModuleParamInvalid) Console.WriteLine("bad user");
            });
            ZIM.GetInstance().Login(userInfo, (errorInfo) => { });
            ZIM.GetInstance().Login(userInfo, "token", delegate { });
            ZIM.GetInstance().Login(userInfo, "token", OnLoggedIn);
            ZIM.GetInstance().Login(userInfo, "token", null);
            ZIM.GetInstance().RenewToken("token", null);
            ZIM.GetInstance().UploadLog((ZIMError errorInfo) => { });
            ZIM.GetInstance().Logout();
            ZIM.GetInstance().Destroy();
        }

        public void Calls()
        {
            List<string> invitees = new List<string>();
            invitees.Add("421234");
            ZIMCallInviteConfig config = new ZIMCallInviteConfig();
            config.timeout = 200;
            config.extendedData = "your call invitation";
            config.mode = ZIMCallInvitationMode.General;
            config.enableNotReceivedCheck = true;
            config.pushConfig = new ZIMPushConfig();
            config.pushConfig.title = "push title";
            config.pushConfig.content = "push content";
            config.pushConfig.payload = "push payload";
            config.pushConfig.resourcesID = "resources";
            config.pushConfig.threadID = "thread";
            config.pushConfig.enableBadge = true;
            config.pushConfig.badgeIncrement = 1;
            ZIMVoIPConfig voip = new ZIMVoIPConfig();
            voip.iOSVoIPHandleType = ZIMCXHandleType.PhoneNumber;
            voip.iOSVoIPHandleValue = "123";
            voip.iOSVoIPHasVideo = true;
            config.pushConfig.voIPConfig = voip;
            ZIM.GetInstance().CallInvite(invitees, config, (callID, info, errorInfo) =>
            {
                if (errorInfo.code != 0) return;
                lastCallID = callID;
                foreach (ZIMErrorUserInfo user in info.errorUserList) lastCallID += user.userID + user.reason;
                foreach (ZIMCallUserInfo user in info.errorInvitees) lastCallID += user.userID + user.state;
                int timeout = info.timeout;
                lastCallID += timeout;
            });
            ZIM.GetInstance().CallInvite(invitees, config, null);
            ZIM.GetInstance().CallInvite(invitees, new ZIMCallInviteConfig(), delegate (string callID,
                ZIMCallInvitationSentInfo info, ZIMError errorInfo) { });

            ZIMCallAcceptConfig acceptConfig = new ZIMCallAcceptConfig();
            acceptConfig.extendedData = "yes";
            ZIM.GetInstance().CallAccept(lastCallID, acceptConfig, (string callID, ZIMError errorInfo) => { });
            ZIM.GetInstance().CallAccept(lastCallID, acceptConfig, null);

            ZIMCallRejectConfig rejectConfig = new ZIMCallRejectConfig();
            rejectConfig.extendedData = "no";
            ZIM.GetInstance().CallReject(lastCallID, rejectConfig, OnRejectionSent);
            ZIM.GetInstance().CallReject(lastCallID, rejectConfig, null);
        }

        public void Cancel()
        {
            List<string> invitees = new List<string>();
            ZIMCallCancelConfig config = new ZIMCallCancelConfig();
            config.extendedData = "never mind";
            config.pushConfig = null;

            // The older form: instance method.
            ZIM.GetInstance().CallCancel(invitees, lastCallID, config, (string callID, List<string> errorInvitees, ZIMError errorInfo) =>
            {
                foreach (string invitee in errorInvitees) lastCallID += invitee;
            });
            ZIM.GetInstance().CallCancel(invitees, lastCallID, config, (callID, errorInvitees, errorInfo) =>
            {
                if (errorInfo.code == ZIMErrorCode.CallModuleCancelError || errorInfo.code == ZIMErrorCode.MessageModuleCancelCallError) return;
                foreach (string invitee in errorInvitees) lastCallID += invitee;
            });
            ZIM.GetInstance().CallCancel(invitees, lastCallID, config, (callID, errorInvitees, errorInfo) => { });
            ZIM.GetInstance().CallCancel(invitees, lastCallID, config, delegate { });
            ZIM.GetInstance().CallCancel(invitees, lastCallID, config, null);
            ZIM.GetInstance().CallCancel(invitees, lastCallID, config, OnCancelSent);
            ZIMCallCancelSentCallback older = OnCancelSent;
            ZIM.GetInstance().CallCancel(invitees, lastCallID, config, older);

            // The newer form: extension method.
            ZIM.GetInstance().CallCancel(invitees, lastCallID, config, (string callID, List<ZIMErrorUserInfo> errorUserList, ZIMError errorInfo) =>
            {
                foreach (ZIMErrorUserInfo user in errorUserList) lastCallID += user.userID + user.reason;
            });
            ZIM.GetInstance().CallCancel(invitees, lastCallID, config, (callID, errorUserList, errorInfo) =>
            {
                foreach (ZIMErrorUserInfo user in errorUserList) lastCallID += user.userID + user.reason;
            });
            ZIM.GetInstance().CallCancel(invitees, lastCallID, config, OnFullCancelSent);
            ZIMCallCancelSentFullInfoCallback newer = OnFullCancelSent;
            ZIM.GetInstance().CallCancel(invitees, lastCallID, config, newer);
        }

        public void ErrorCodes(ZIMErrorCode code)
        {
            switch (code)
            {
                case ZIMErrorCode.Success:
                case ZIMErrorCode.Failed:
                case ZIMErrorCode.CommonModuleParamInvalid:
                case ZIMErrorCode.CommonModuleNotInit:
                case ZIMErrorCode.CommonModuleInvalidAppID:
                case ZIMErrorCode.NetworkModuleTokenExpired:
                case ZIMErrorCode.MessageModuleCallError:
                case ZIMErrorCode.MessageModuleCallServerError:
                case ZIMErrorCode.MessageModuleIsNotInvitor:
                case ZIMErrorCode.MessageModuleIsNotInvitee:
                case ZIMErrorCode.MessageModuleCallAlreadyExists:
                case ZIMErrorCode.MessageModuleCallDoesNotExist:
                case ZIMErrorCode.RoomModuleCommonError:
                case ZIMErrorCode.GroupModuleCommonError:
                case ZIMErrorCode.ConversationModuleCommonError:
                    lastCallID = code.ToString();
                    break;
            }
        }

        private void OnLoggedIn(ZIMError errorInfo) { lastCallID = errorInfo.message; }

        private void OnCancelled(ZIM zim, ZIMCallInvitationCancelledInfo info, string callID)
        {
            lastCallID = info.inviter + info.extendedData + info.mode;
        }

        private static void OnRejectionSent(string callID, ZIMError errorInfo) { }

        private static void OnCancelSent(string callID, List<string> errorInvitees, ZIMError errorInfo) { }

        private static void OnFullCancelSent(string callID, List<ZIMErrorUserInfo> errorUserList, ZIMError errorInfo) { }
    }
}
