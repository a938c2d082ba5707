using System;
using System.Collections.Generic;
using System.IO;
using System.Text.RegularExpressions;
using ZEGO;

namespace ZIMTests
{
    /// <summary>Making clients, and settings of the whole library.</summary>
    internal static class LifeTests
    {
        internal static void AddTo(Runner runner)
        {
            runner.Add("version", Version);
            runner.Add("one client from Create", OneFromCreate);
            runner.Add("many from CreateInstance", ManyFromCreateInstance);
            runner.Add("CreateInstance says why not", CreateInstanceSaysWhyNot);
            runner.Add("Create reports why not", CreateReportsWhyNot);
            runner.Add("DefaultServerUrl is used", DefaultServerUrlIsUsed);
            runner.Add("log and cache folders", LogAndCacheFolders);
            runner.Add("log lines are handed over", LogLinesAreHandedOver);
        }

        private static void Version()
        {
            string version = ZIM.GetVersion();
            Check.True(Regex.IsMatch(version, "^[0-9]+\\.[0-9]+\\.[0-9]+"), "version " + version);
        }

        private static void OneFromCreate()
        {
            Check.True(ZIM.GetInstance() == null, "an instance before Create");
            for (int round = 0; round < 3; round++)
            {
                ZIM zim = ZIM.Create(new ZIMAppConfig { appID = 1 });
                Check.True(zim != null, "Create returned null");
                Check.True(ReferenceEquals(zim, ZIM.GetInstance()), "GetInstance is not what Create made");
                Check.True(ZIM.Create(new ZIMAppConfig { appID = 1 }) == null, "a second Create made one");
                Check.True(ReferenceEquals(zim, ZIM.GetInstance()), "the second Create changed GetInstance");
                zim.Destroy();
                Check.True(ZIM.GetInstance() == null, "an instance after Destroy");
            }
        }

        private static void ManyFromCreateInstance()
        {
            using (Player first = new Player("first"))
            using (Player second = new Player("second"))
            {
                Check.True(!ReferenceEquals(first.Zim, second.Zim), "the same client twice");
                Check.True(ZIM.GetInstance() == null, "CreateInstance made itself GetInstance's");
                Check.Equal(ZIMConnectionState.Disconnected, first.Zim.GetConnectionState(), "state of a new client");
                first.LogIn();
                second.LogIn();
                Check.Equal(ZIMConnectionState.Connected, first.Zim.GetConnectionState(), "state after login");
            }
        }

        private static void CreateInstanceSaysWhyNot()
        {
            Refused(null, "appConfig");
            Refused(new ZIMAppConfig { appID = 1, serverUrl = "http://example.org" }, "ws://");
            Refused(new ZIMAppConfig { appID = 1, appSign = "abc" }, "app sign");
            Refused(new ZIMAppConfig { appID = 1, deviceID = new string('x', 65) }, "device_id");
            Refused(new ZIMAppConfig { appID = 1, deviceID = "a\0b" }, "NUL");
            Refused(new ZIMAppConfig { appID = 1, serverUrl = "ws://\ud800" }, "surrogate");
        }

        private static void Refused(ZIMAppConfig config, string why)
        {
            ZIMError error;
            ZIM zim = ZIM.CreateInstance(config, out error);
            Check.True(zim == null, "it was made although: " + why);
            Check.Equal(ZIMErrorCode.CommonModuleParamsInvalid, error.code, why);
            Check.Contains(why, error.message, "message");
        }

        private static void CreateReportsWhyNot()
        {
            List<Exception> reported = new List<Exception>();
            ZIM.onUnhandledException = reported.Add;
            try
            {
                Check.True(ZIM.Create(new ZIMAppConfig { serverUrl = "nowhere" }) == null, "Create made one");
            }
            finally { ZIM.onUnhandledException = null; }
            Check.Equal(1, reported.Count, "reports");
            Check.Equal(ZIMErrorCode.CommonModuleParamsInvalid, ((ZIMException)reported[0]).error.code, "code");
            Check.True(ZIM.GetInstance() == null, "an instance after a refused Create");
        }

        private static void DefaultServerUrlIsUsed()
        {
            ZIM.DefaultServerUrl = "ws://somebody@127.0.0.1";
            try { Refused(new ZIMAppConfig { appID = 1 }, "user name or password"); }
            finally { ZIM.DefaultServerUrl = null; }
        }

        private static void LogAndCacheFolders()
        {
            string folder = Path.Combine(Path.GetTempPath(), "zim-csharp-" + Guid.NewGuid().ToString("N"));
            try
            {
                ZIM.SetLogConfig(new ZIMLogConfig { logPath = Path.Combine(folder, "lög"), logSize = 1 << 20 });
                ZIM.SetCacheConfig(new ZIMCacheConfig { cachePath = Path.Combine(folder, "cache") });
                using (Player player = Player.LoggedIn("logger")) player.Zim.Logout();
                ZIM.SetLogConfig(null);
                ZIM.SetCacheConfig(null);
                Check.True(Directory.GetFiles(Path.Combine(folder, "lög")).Length > 0, "no log file");
                Check.True(Directory.GetFiles(Path.Combine(folder, "cache")).Length > 0, "no device ID was kept");
            }
            finally { Directory.Delete(folder, true); }
            ZIMException small = Check.Throws<ZIMException>(
                () => ZIM.SetLogConfig(new ZIMLogConfig { logPath = folder, logSize = 1 }), "a log of one byte");
            Check.Equal(ZIMErrorCode.CommonModuleParamsInvalid, small.error.code, "log size");
            Check.Throws<ZIMException>(() => ZIM.SetLogConfig(new ZIMLogConfig { logPath = "a\0b" }), "NUL in a path");
            Check.Throws<ZIMException>(() => ZIM.SetCacheConfig(new ZIMCacheConfig { cachePath = "/proc/nothing" }), "unwritable");
        }

        private static void LogLinesAreHandedOver()
        {
            Results lines = new Results();
            ZIM.SetLogCallback((level, message) =>
            {
                if (level >= ZIMLogLevel.Debug && message.Length > 0) lines.Add(null);
            }, ZIMLogLevel.Debug);
            try
            {
                using (Player player = Player.LoggedIn("lines")) lines.Await(1, "log lines");
            }
            finally { ZIM.SetLogCallback(null, ZIMLogLevel.Debug); }
            Check.Throws<ZIMException>(() => ZIM.SetLogCallback((level, message) => { }, (ZIMLogLevel)99), "an unknown level");
        }
    }
}
