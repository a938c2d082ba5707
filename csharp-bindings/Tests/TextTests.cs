using System;
using System.Collections.Generic;
using System.Reflection;
using ZEGO;

namespace ZIMTests
{
    /// <summary>Reading what the library says in JSON.</summary>
    internal static class TextTests
    {
        private static readonly MethodInfo Read =
            typeof(ZIM).Assembly.GetType("ZEGO.Interop.ExtendedData").GetMethod("Read", BindingFlags.Static | BindingFlags.NonPublic);

        internal static void AddTo(Runner runner)
        {
            runner.Add("extended data of connection events", Members);
            runner.Add("extended data that is no object", NoObject);
        }

        private static void Members()
        {
            Equal("{}");
            Equal(" { } ");
            Equal("{\"a\":\"b\"}", "a", "b");
            Equal("{ \"a\" : \"b\" , \"c\" : 12.5e3 }", "a", "b", "c", "12.5e3");
            Equal("{\"a\":null,\"b\":true}", "a", "null", "b", "true");
            Equal("{\"a\":{\"b\":[1,\"}\",{\"c\":\"\\\"]\"}]},\"d\":\"\"}", "a", "{\"b\":[1,\"}\",{\"c\":\"\\\"]\"}]}", "d", "");
            Equal("{\"\\u00e9\\n\\t\\\"\\\\\\/\":\"\\ud83c\\udf89\"}", "é\n\t\"\\/", "🎉");
            Equal("{\"a\":\"1\",\"a\":\"2\"}", "a", "2");
        }

        private static void NoObject()
        {
            string[] wrong =
            {
                "", " ", "null", "[]", "\"a\"", "{", "{\"", "{\"a", "{\"a\"", "{\"a\":", "{\"a\":}", "{\"a\":1", "{\"a\":\"b\"",
                "{\"a\":\"b\",", "{\"a\":\"b\",}", "{a:1}", "{\"a\":\"\\u12\"}", "{\"a\":\"\\x\"}", "{\"a\":\"\\", "{\"a\":[", "{,}",
                "{\"a\":\"\\u12g4\"}",
            };
            foreach (string json in wrong) Equal(json);
        }

        private static void Equal(string json, params string[] members)
        {
            Dictionary<string, string> found = (Dictionary<string, string>)Read.Invoke(null, new object[] { json });
            Check.Equal(members.Length / 2, found.Count, "members of " + json);
            for (int at = 0; at < members.Length; at += 2)
            {
                Check.True(found.ContainsKey(members[at]), json + " lacks " + members[at]);
                Check.Equal(members[at + 1], found[members[at]], members[at] + " of " + json);
            }
        }
    }
}
