using System.Collections.Generic;
using System.Text;

namespace ZEGO.Interop
{
    /// <summary>
    /// Reads the JSON object that comes with a connection event: texts as they are, every other value as its JSON text.
    /// </summary>
    internal sealed class ExtendedData
    {
        private readonly string json;
        private int at;

        private ExtendedData(string json) { this.json = json; }

        /// <summary>The members of the object; none for an empty text and for what is no object. Never null.</summary>
        internal static Dictionary<string, string> Read(string json)
        {
            Dictionary<string, string> members = new Dictionary<string, string>();
            ExtendedData reader = new ExtendedData(json);
            if (!reader.Object(members)) members.Clear();
            return members;
        }

        private bool Object(Dictionary<string, string> members)
        {
            if (!Skip('{')) return false;
            if (Skip('}')) return true;
            do
            {
                string name = String();
                if (name == null || !Skip(':')) return false;
                string value = Value();
                if (value == null) return false;
                members[name] = value;
            }
            while (Skip(','));
            return Skip('}');
        }

        private string Value()
        {
            Blank();
            if (at < json.Length && json[at] == '"') return String();
            int start = at;
            int depth = 0;
            for (; at < json.Length; at++)
            {
                char next = json[at];
                if (next == '"')
                {
                    if (String() == null) return null;
                    at--;
                }
                else if (next == '{' || next == '[') depth++;
                else if (next == '}' || next == ']')
                {
                    if (depth == 0) break;
                    depth--;
                }
                else if (next == ',' && depth == 0) break;
            }
            string value = json.Substring(start, at - start).Trim();
            return value == "" ? null : value;
        }

        private string String()
        {
            if (!Skip('"')) return null;
            StringBuilder text = new StringBuilder();
            while (at < json.Length)
            {
                char next = json[at++];
                if (next == '"') return text.ToString();
                if (next != '\\')
                {
                    text.Append(next);
                    continue;
                }
                if (at == json.Length) return null;
                if (!Escaped(text, json[at++])) return null;
            }
            return null;
        }

        private bool Escaped(StringBuilder text, char kind)
        {
            switch (kind)
            {
                case '"': case '\\': case '/': text.Append(kind); return true;
                case 'b': text.Append('\b'); return true;
                case 'f': text.Append('\f'); return true;
                case 'n': text.Append('\n'); return true;
                case 'r': text.Append('\r'); return true;
                case 't': text.Append('\t'); return true;
                case 'u': return Unit(text);
                default: return false;
            }
        }

        private bool Unit(StringBuilder text)
        {
            if (json.Length - at < 4) return false;
            int unit = 0;
            for (int end = at + 4; at < end; at++)
            {
                int digit = "0123456789abcdef".IndexOf(char.ToLowerInvariant(json[at]));
                if (digit < 0) return false;
                unit = unit * 16 + digit;
            }
            text.Append((char)unit);
            return true;
        }

        private bool Skip(char expected)
        {
            Blank();
            if (at == json.Length || json[at] != expected) return false;
            at++;
            return true;
        }

        private void Blank()
        {
            while (at < json.Length && (json[at] == ' ' || json[at] == '\t' || json[at] == '\n' || json[at] == '\r')) at++;
        }
    }
}
