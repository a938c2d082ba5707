using System;
using ZEGO;

namespace ZIMTests
{
    /// <summary>Logging in and out, and the connection.</summary>
    internal static class SessionTests
    {
        internal static void AddTo(Runner runner)
        {
            runner.Add("login and logout", LoginAndLogout);
            runner.Add("login without a token", LoginWithoutToken);
            runner.Add("login twice is refused", LoginTwice);
            runner.Add("login again after logout", LoginAgain);
            runner.Add("bad users are refused", BadUsers);
            runner.Add("login elsewhere kicks out", KickedOut);
            runner.Add("renewing the token", RenewToken);
            runner.Add("uploading the log", UploadLog);
            runner.Add("logout without login does nothing", LogoutWithoutLogin);
        }

        private static void LoginAndLogout()
        {
            using (Player player = new Player("session"))
            {
                Results logins = new Results();
                ZIMUserInfo user = new ZIMUserInfo
                {
                    userID = player.ID, userName = "Ünï ☎", userAvatarUrl = "https://example.org/a.png", userExtendedData = "🎉",
                };
                player.Zim.Login(user, "", logins.Add);
                ZIMError result = logins.Await(1, "login");
                Check.Equal(ZIMErrorCode.Success, result.code, "login: " + result.message);
                Check.Equal("", result.message, "message of a success");
                player.Await("Connecting+ActiveLogin", null);
                Told connected = player.Await("Connected+Success", null);
                Check.True(connected.Info != null, "extendedData is null");
                player.Zim.Logout();
                player.Await("Disconnected+Success", null);
                Check.Equal(ZIMConnectionState.Disconnected, player.Zim.GetConnectionState(), "state after logout");
                Check.Equal(1, logins.Count, "results of one login");
            }
        }

        private static void LoginWithoutToken()
        {
            using (Player player = new Player("tokenless"))
            {
                Results logins = new Results();
                player.Zim.Login(new ZIMUserInfo { userID = player.ID }, logins.Add);
                Check.Equal(ZIMErrorCode.Success, logins.Await(1, "login").code, "login");
            }
        }

        private static void LoginTwice()
        {
            using (Player player = Player.LoggedIn("twice"))
            {
                Results logins = new Results();
                player.Zim.Login(new ZIMUserInfo { userID = player.ID }, logins.Add);
                Check.Equal(ZIMErrorCode.NetworkModuleUserHasAlreadyLogged, logins.Await(1, "second login").code, "second login");
            }
        }

        private static void LoginAgain()
        {
            using (Player player = Player.LoggedIn("again"))
            {
                player.Zim.Logout();
                player.Await("Disconnected+Success", null);
                player.LogIn();
                Check.Equal(ZIMConnectionState.Connected, player.Zim.GetConnectionState(), "state after the second login");
            }
        }

        private static void BadUsers()
        {
            using (Player player = new Player("bad"))
            {
                Results logins = new Results();
                player.Zim.Login(null, "", logins.Add);
                Refused(logins, 1, "userInfo");
                player.Zim.Login(new ZIMUserInfo(), "", logins.Add);
                Refused(logins, 2, "user_id");
                player.Zim.Login(new ZIMUserInfo { userID = "no/slash" }, "", logins.Add);
                Refused(logins, 3, "");
                player.Zim.Login(new ZIMUserInfo { userID = new string('x', 33) }, "", logins.Add);
                Refused(logins, 4, "32");
                player.Zim.Login(new ZIMUserInfo { userID = "a", userName = "half \udc00 pair" }, "", logins.Add);
                Refused(logins, 5, "userName");
                player.Zim.Login(new ZIMUserInfo { userID = "a" }, "to\0ken", logins.Add);
                Refused(logins, 6, "token");
                player.LogIn();
            }
        }

        private static void Refused(Results logins, int count, string why)
        {
            ZIMError error = logins.Await(count, "refusal");
            Check.Equal(ZIMErrorCode.CommonModuleParamsInvalid, error.code, error.message);
            Check.Contains(why, error.message, "message");
        }

        private static void KickedOut()
        {
            using (Player first = Player.LoggedIn("kicked"))
            using (Player second = Player.AnotherDeviceOf(first))
            {
                second.LogIn();
                first.Await("Disconnected+KickedOut", null);
                Results invites = new Results();
                first.Zim.CallInvite(null, null, (callID, info, error) => invites.Add(error));
                Check.True(invites.Await(1, "invite").code != ZIMErrorCode.Success, "a kicked-out client can invite");
                Check.Equal(ZIMConnectionState.Connected, second.Zim.GetConnectionState(), "state of the second device");
            }
        }

        private static void RenewToken()
        {
            using (Player player = Player.LoggedIn("renew"))
            {
                Results results = new Results();
                string renewed = null;
                player.Zim.RenewToken("a new token", (token, error) =>
                {
                    renewed = token;
                    results.Add(error);
                });
                ZIMError result = results.Await(1, "renewal");
                Check.Equal(ZIMErrorCode.Success, result.code, result.message);
                Check.Equal("a new token", renewed, "the token that was renewed");
                player.Zim.RenewToken(null, (token, error) => results.Add(error));
                Check.Equal(ZIMErrorCode.CommonModuleParamsInvalid, results.Await(2, "null token").code, "null token");
            }
        }

        private static void UploadLog()
        {
            using (Player player = Player.LoggedIn("upload"))
            {
                Results results = new Results();
                player.Zim.UploadLog(results.Add);
                ZIMErrorCode code = results.Await(1, "upload").code;
                bool answered = code == ZIMErrorCode.Success || code == ZIMErrorCode.CommonModuleUploadLogError;
                Check.True(answered, "upload ended with " + code);
            }
        }

        private static void LogoutWithoutLogin()
        {
            using (Player player = new Player("loggedout"))
            {
                player.Zim.Logout();
                player.LogIn();
                Check.Equal(null, player.All().Find(told => told.What == "Error"), "an error was reported");
            }
        }
    }
}
