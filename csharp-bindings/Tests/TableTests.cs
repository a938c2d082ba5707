using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Reflection;
using System.Runtime.InteropServices;
using System.Text.RegularExpressions;
using ZEGO;

namespace ZIMTests
{
    /// <summary>The binding's numbers, layouts and imports against the C header's and the project's tables.</summary>
    internal static class TableTests
    {
        private static readonly Assembly Binding = typeof(ZIM).Assembly;

        internal static void AddTo(Runner runner)
        {
            runner.Add("layouts are those of C", LayoutsAreThoseOfC);
            runner.Add("imports are the header's functions", ImportsAreTheHeadersFunctions);
            runner.Add("error codes are the project's table", ErrorCodesAreTheTable);
            runner.Add("enums are the header's", EnumsAreTheHeaders);
            runner.Add("nothing is marshalled by copy", NothingIsMarshalledByCopy);
        }

        private static void LayoutsAreThoseOfC()
        {
            int structs = 0;
            int fields = 0;
            foreach (string line in Lines("tests/abi/layout.txt"))
            {
                string[] words = line.Split(' ');
                if (words[0] == "struct")
                {
                    Check.Equal(Number(words[2]), Marshal.SizeOf(Mirror(words[1])), "size of " + words[1]);
                    structs++;
                }
                if (words[0] == "field")
                {
                    string[] name = words[1].Split('.');
                    Type mirror = Mirror(name[0]);
                    FieldInfo field = mirror.GetField(name[1], BindingFlags.Instance | BindingFlags.NonPublic);
                    Check.True(field != null, mirror.Name + " lacks " + name[1]);
                    Check.Equal(Number(words[2]), (int)Marshal.OffsetOf(mirror, name[1]), "offset of " + words[1]);
                    Check.Equal(Number(words[3]), Marshal.SizeOf(field.FieldType), "size of " + words[1]);
                    fields++;
                }
            }
            Check.True(structs >= 20 && fields >= 80, "the table of layouts has " + structs + " structs, " + fields + " fields");
        }

        private static Type Mirror(string structName)
        {
            string name = structName.Substring("ZIM".Length);
            if (name == "CallAcceptConfig" || name == "CallRejectConfig") name = "CallAnswerConfig";
            if (name == "CallInvitationAcceptedInfo" || name == "CallInvitationRejectedInfo") name = "CallInvitationAnsweredInfo";
            Type mirror = Binding.GetType("ZEGO.Interop.Native" + name);
            Check.True(mirror != null, "the binding has no struct for " + structName);
            return mirror;
        }

        private static void ImportsAreTheHeadersFunctions()
        {
            SortedSet<string> imports = new SortedSet<string>();
            foreach (MethodInfo method in Binding.GetType("ZEGO.Interop.Native").GetMethods(BindingFlags.Static | BindingFlags.NonPublic))
            {
                if ((method.Attributes & MethodAttributes.PinvokeImpl) != 0) imports.Add(method.Name);
            }
            SortedSet<string> symbols = new SortedSet<string>(Lines("tests/abi/symbols.txt"));
            Check.Equal(string.Join(" ", symbols), string.Join(" ", imports), "imports");
        }

        private static void ErrorCodesAreTheTable()
        {
            int rows = 0;
            string table = File.ReadAllText(InRepository("protocol/src/code.rs"));
            foreach (Match row in Regex.Matches(table, "^    [A-Z_]+ (\\w+) = (\\d+), \"", RegexOptions.Multiline))
            {
                ZIMErrorCode code;
                Check.True(Enum.TryParse(row.Groups[1].Value, out code), "ZIMErrorCode lacks " + row.Groups[1].Value);
                Check.Equal(Number(row.Groups[2].Value), (int)code, row.Groups[1].Value);
                string text = new ZIMError { code = code, message = "" }.ToString();
                Check.Equal(row.Groups[2].Value + " " + row.Groups[1].Value, text, "name of " + row.Groups[2].Value);
                rows++;
            }
            Check.True(rows >= 40, "the table of codes has " + rows + " rows");
        }

        private static void EnumsAreTheHeaders()
        {
            int constants = 0;
            Type[] enums =
            {
                typeof(ZIMConnectionState), typeof(ZIMConnectionEvent), typeof(ZIMCallInvitationMode), typeof(ZIMCallState),
                typeof(ZIMCallUserState),
                typeof(ZIMCXHandleType), typeof(ZIMLogLevel), typeof(ZIMErrorCode),
            };
            string header = File.ReadAllText(InRepository("include/zim.h"));
            foreach (Type one in enums)
            {
                int found = 0;
                foreach (Match row in Regex.Matches(header, "\\b" + one.Name + "_(\\w+) = (-?\\d+)"))
                {
                    Check.True(Enum.IsDefined(one, row.Groups[1].Value), one.Name + " lacks " + row.Groups[1].Value);
                    int number = Convert.ToInt32(Enum.Parse(one, row.Groups[1].Value), CultureInfo.InvariantCulture);
                    Check.Equal(Number(row.Groups[2].Value), number, one.Name + "." + row.Groups[1].Value);
                    found++;
                }
                if (one != typeof(ZIMErrorCode)) Check.Equal(Enum.GetNames(one).Length, found, "constants of " + one.Name);
                constants += found;
            }
            Check.True(constants >= 70, "the header has " + constants + " constants");
        }

        /// <summary>What ahead-of-time compilers can do without generated marshalling code.</summary>
        private static void NothingIsMarshalledByCopy()
        {
            foreach (MethodInfo method in Binding.GetType("ZEGO.Interop.Native").GetMethods(BindingFlags.Static | BindingFlags.NonPublic))
            {
                if ((method.Attributes & MethodAttributes.PinvokeImpl) == 0) continue;
                foreach (ParameterInfo parameter in method.GetParameters())
                {
                    Type type = parameter.ParameterType;
                    bool plain = type.IsPointer || type == typeof(IntPtr) || type == typeof(int) || type == typeof(uint);
                    Check.True(plain, method.Name + " takes a " + type);
                }
            }
        }

        private static IEnumerable<string> Lines(string path)
        {
            foreach (string line in File.ReadAllLines(InRepository(path)))
            {
                string trimmed = line.Trim();
                if (trimmed != "" && !trimmed.StartsWith("#", StringComparison.Ordinal)) yield return trimmed;
            }
        }

        private static string InRepository(string path)
        {
            foreach (string start in new[] { Environment.CurrentDirectory, AppDomain.CurrentDomain.BaseDirectory })
            {
                for (DirectoryInfo folder = new DirectoryInfo(start); folder != null; folder = folder.Parent)
                {
                    string found = Path.Combine(folder.FullName, path);
                    if (File.Exists(found)) return found;
                }
            }
            throw new CheckFailed("no " + path + " in or above the current folder: run the tests inside the repository");
        }

        private static int Number(string text)
        {
            return int.Parse(text, CultureInfo.InvariantCulture);
        }
    }
}
