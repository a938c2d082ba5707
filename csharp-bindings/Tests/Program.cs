using System;

namespace ZIMTests
{
    /// <summary>
    /// Tests of the binding against a real server (address in ZIM_SERVER_URL) and the real library.
    /// Arguments: nothing for all tests; "panic" for those that need a library built with the feature test-hooks;
    /// "only TEXT" for the tests with that text in their name; "forget" is what a test starts as a process of its own.
    /// </summary>
    internal static class Program
    {
        private static int Main(string[] arguments)
        {
            string what = arguments.Length > 0 ? arguments[0] : "all";
            if (what == "forget") return ProcessTests.ForgetToDestroy();
            if (string.IsNullOrEmpty(Environment.GetEnvironmentVariable("ZIM_SERVER_URL")))
            {
                Console.Error.WriteLine("ZIM_SERVER_URL must be the address of a zim-server that runs with --dev");
                return 2;
            }
            Runner runner = new Runner();
            if (what == "panic")
            {
                PanicTests.AddTo(runner);
                return runner.Run(null);
            }
            TableTests.AddTo(runner);
            TextTests.AddTo(runner);
            LifeTests.AddTo(runner);
            SessionTests.AddTo(runner);
            CallTests.AddTo(runner);
            CancelTests.AddTo(runner);
            RefusalTests.AddTo(runner);
            AsyncTests.AddTo(runner);
            DeliveryTests.AddTo(runner);
            HandlerTests.AddTo(runner);
            DestroyTests.AddTo(runner);
            StressTests.AddTo(runner);
            ProcessTests.AddTo(runner);
            DomainTests.AddTo(runner);
            return runner.Run(what == "only" && arguments.Length > 1 ? arguments[1] : null);
        }
    }
}
