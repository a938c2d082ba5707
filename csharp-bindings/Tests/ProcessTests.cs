using System;
using System.Collections.Generic;
using System.Diagnostics;
using ZEGO;

namespace ZIMTests
{
    /// <summary>What happens to a process whose app forgets to destroy its clients.</summary>
    internal static class ProcessTests
    {
        internal static void AddTo(Runner runner)
        {
            runner.Add("a process that forgets Destroy ends", ForgottenDestroy);
        }

        private static void ForgottenDestroy()
        {
            string options = DomainTests.OnMono ? "--debug " : "exec ";
            ProcessStartInfo start = new ProcessStartInfo(Process.GetCurrentProcess().MainModule.FileName,
                options + "\"" + typeof(ProcessTests).Assembly.Location + "\" forget");
            start.UseShellExecute = false;
            start.RedirectStandardOutput = true;
            using (Process process = Process.Start(start))
            {
                string output = process.StandardOutput.ReadToEnd();
                if (!process.WaitForExit(Player.PatienceMs))
                {
                    process.Kill();
                    throw new CheckFailed("the process did not end");
                }
                Check.Equal(0, process.ExitCode, "exit code; it printed: " + output);
                Check.Contains("leaving with 3 clients", output, "what it printed");
                Check.Contains("result of the pending request", output, "what it printed");
            }
        }

        /// <summary>Logs in, receives callbacks, and returns from Main without destroying anything.</summary>
        internal static int ForgetToDestroy()
        {
            Player alice = Player.LoggedIn("alice");
            Player bob = Player.LoggedIn("bob");
            Player manual = new Player("manual", new ZIMAppConfig { appID = 1, delivery = ZIMDelivery.Manual });
            string call = alice.Invite(null, bob);
            bob.Await("Received", call);
            manual.Zim.Login(new ZIMUserInfo { userID = manual.ID }, error => Console.WriteLine("result of the pending request"));
            Console.WriteLine("leaving with 3 clients");
            return 0;
        }
    }
}
