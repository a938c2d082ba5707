using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.Threading;

namespace ZIMTests
{
    /// <summary>A check that did not hold.</summary>
    internal sealed class CheckFailed : Exception
    {
        internal CheckFailed(string message) : base(message) { }
    }

    internal static class Check
    {
        internal static void True(bool holds, string what)
        {
            if (!holds) throw new CheckFailed(what);
        }

        internal static void Equal<T>(T expected, T found, string what)
        {
            if (!EqualityComparer<T>.Default.Equals(expected, found))
            {
                throw new CheckFailed(what + ": expected " + Show(expected) + ", found " + Show(found));
            }
        }

        internal static void Contains(string part, string whole, string what)
        {
            if (whole == null || whole.IndexOf(part, StringComparison.Ordinal) < 0)
            {
                throw new CheckFailed(what + ": expected something with \"" + part + "\", found " + Show(whole));
            }
        }

        /// <summary>Runs it; the exception that must come out of it.</summary>
        internal static TException Throws<TException>(Action action, string what) where TException : Exception
        {
            try { action(); }
            catch (TException exception) { return exception; }
            catch (AggregateException exception)
            {
                TException inner = exception.InnerException as TException;
                if (inner != null) return inner;
                throw;
            }
            throw new CheckFailed(what + ": nothing was thrown");
        }

        private static string Show(object value)
        {
            return value == null ? "null" : "\"" + value + "\"";
        }
    }

    /// <summary>Runs the tests one after the other, each with a time limit, and counts.</summary>
    internal sealed class Runner
    {
        private const int LimitMs = 60000;

        private readonly List<KeyValuePair<string, Action>> tests = new List<KeyValuePair<string, Action>>();
        private int passed;
        private int failed;

        internal void Add(string name, Action test)
        {
            tests.Add(new KeyValuePair<string, Action>(name, test));
        }

        internal int Run(string wanted)
        {
            foreach (KeyValuePair<string, Action> test in tests)
            {
                if (wanted == null || test.Key.IndexOf(wanted, StringComparison.OrdinalIgnoreCase) >= 0) RunOne(test.Key, test.Value);
            }
            Console.WriteLine(passed + " passed, " + failed + " failed");
            return failed == 0 && passed > 0 ? 0 : 1;
        }

        private void RunOne(string name, Action test)
        {
            Exception failure = null;
            Stopwatch time = Stopwatch.StartNew();
            Thread thread = new Thread(() =>
            {
                try { test(); }
                catch (Exception exception) { failure = exception; }
            });
            thread.IsBackground = true;
            thread.Start();
            if (!thread.Join(LimitMs)) failure = new CheckFailed("not finished after " + LimitMs + " ms");
            if (failure == null)
            {
                passed++;
                Console.WriteLine("ok    " + name + " (" + time.ElapsedMilliseconds + " ms)");
                return;
            }
            failed++;
            Console.WriteLine("FAIL  " + name + " (" + time.ElapsedMilliseconds + " ms)");
            Console.WriteLine("      " + (failure is CheckFailed ? failure.Message + "\n" + failure.StackTrace : failure.ToString()));
        }
    }
}
