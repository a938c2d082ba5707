//! JSON in little code, for the client. Derived code would bring a reader and a writer of its own for every type into the
//! library: several times as much.

use core::cell::Cell;
use core::fmt;
use core::mem;
use std::borrow::Cow;

use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

use crate::code::Fault;

/// Values and keys that are read of one text at most: many times what an honest frame has. Without it a text of small values
/// would take forty times its length in memory.
const VALUES: u32 = 16 * 1024;

/// A value that was read. Of objects it has the keys that were wanted only; the others are skipped, whatever is in them.
#[derive(Default)]
pub(crate) enum Json<'a> {
    #[default]
    Null,
    Bool(bool),
    Whole(u64),
    Negative(i64),
    /// With a fraction or an exponent, or of more than 64 bits.
    OtherNumber,
    Text(Cow<'a, str>),
    List(Vec<Json<'a>>),
    Object(Vec<(Cow<'a, str>, Json<'a>)>),
}

impl<'a> Json<'a> {
    /// Reads one object with the wanted keys at every depth. The error says where the text is no JSON, or that it nests
    /// too deep.
    pub(crate) fn object(text: &'a str, wanted: fn(&str) -> bool) -> Result<Json<'a>, String> {
        if !text.trim_ascii_start().starts_with('{') {
            return Err("this is not an object".to_owned());
        }
        let mut json = Json::Null;
        let left = Cell::new(VALUES);
        let mut source = serde_json::Deserializer::from_str(text);
        let read =
            (Place { json: &mut json, wanted, left: &left }).deserialize(&mut source).and_then(|()| source.end());
        read.map_err(|error| error.to_string())?;
        Ok(json)
    }

    /// The fields, if this is an object.
    pub(crate) fn fields(&self) -> Option<Fields<'_>> {
        let Json::Object(entries) = self else { return None };
        Some(Fields(entries))
    }
}

/// Where a value goes.
struct Place<'j, 'a> {
    json: &'j mut Json<'a>,
    wanted: fn(&str) -> bool,
    /// Of [`VALUES`].
    left: &'j Cell<u32>,
}

impl<'a> DeserializeSeed<'a> for Place<'_, 'a> {
    type Value = ();

    fn deserialize<D: Deserializer<'a>>(self, source: D) -> Result<(), D::Error> {
        match self.left.get().checked_sub(1) {
            Some(left) => self.left.set(left),
            None => return Err(D::Error::custom(format_args!("more than {VALUES} values"))),
        }
        source.deserialize_any(self)
    }
}

impl<'a> Visitor<'a> for Place<'_, 'a> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E: Error>(self) -> Result<(), E> {
        *self.json = Json::Null;
        Ok(())
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<(), E> {
        *self.json = Json::Bool(value);
        Ok(())
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<(), E> {
        *self.json = Json::Whole(number);
        Ok(())
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<(), E> {
        *self.json = Json::Negative(number);
        Ok(())
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<(), E> {
        *self.json = Json::OtherNumber;
        Ok(())
    }

    fn visit_borrowed_str<E: Error>(self, text: &'a str) -> Result<(), E> {
        *self.json = Json::Text(Cow::Borrowed(text));
        Ok(())
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<(), E> {
        *self.json = Json::Text(Cow::Owned(text.to_owned()));
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'a>>(self, mut source: A) -> Result<(), A::Error> {
        let mut list = Vec::new();
        let mut json = Json::Null;
        while source.next_element_seed(Place { json: &mut json, wanted: self.wanted, left: self.left })?.is_some() {
            list.push(mem::take(&mut json));
        }
        *self.json = Json::List(list);
        Ok(())
    }

    fn visit_map<A: MapAccess<'a>>(self, mut source: A) -> Result<(), A::Error> {
        let mut entries = Vec::new();
        let mut json = Json::Null;
        while source.next_key_seed(Place { json: &mut json, wanted: self.wanted, left: self.left })?.is_some() {
            let Json::Text(key) = mem::take(&mut json) else { continue };
            if (self.wanted)(&key) {
                source.next_value_seed(Place { json: &mut json, wanted: self.wanted, left: self.left })?;
                entries.push((key, mem::take(&mut json)));
            } else {
                source.next_value::<IgnoredAny>()?;
            }
        }
        *self.json = Json::Object(entries);
        Ok(())
    }
}

/// What a wrong value is called in messages.
impl fmt::Display for Json<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Json::Whole(number) => return fmt::Display::fmt(number, f),
            Json::Negative(number) => return fmt::Display::fmt(number, f),
            Json::Null => "null",
            Json::Bool(true) => "true",
            Json::Bool(false) => "false",
            Json::OtherNumber => "a number with a fraction, an exponent or too many digits",
            Json::Text(_) => "a string",
            Json::List(_) => "a list",
            Json::Object(_) => "an object",
        })
    }
}

/// Why fields are not right: a sentence that names the key and what is allowed. Boxed, it fits into a register beside what
/// was read, which saves every field a detour through memory.
pub(crate) type Wrong = Box<Fault>;

#[cold]
pub(crate) fn refusal(message: String) -> Wrong {
    Box::new(Fault::params(message))
}

/// The fields of an object. Nearly none of these functions is generic over what is read, so a field costs its reader one
/// call.
#[derive(Clone, Copy, Default)]
pub(crate) struct Fields<'j>(&'j [(Cow<'j, str>, Json<'j>)]);

impl<'j> Fields<'j> {
    /// The value of a key, or `None` if the key is missing. One that is there twice has no value.
    fn find(self, key: &str) -> Result<Option<&'j Json<'j>>, Wrong> {
        let mut found = self.0.iter().filter(|(name, _)| name == key);
        match (found.next(), found.next()) {
            (_, Some(_)) => Err(refusal(format!("{key:?} is there twice"))),
            (first, None) => Ok(first.map(|(_, json)| json)),
        }
    }

    fn needed(self, key: &str) -> Result<&'j Json<'j>, Wrong> {
        self.find(key)?.ok_or_else(|| refusal(format!("{key:?} is missing")))
    }

    /// As [`Fields::find`], where `null` stands for a missing key.
    pub(crate) fn optional(self, key: &str) -> Result<Option<&'j Json<'j>>, Wrong> {
        Ok(self.find(key)?.filter(|json| !matches!(json, Json::Null)))
    }

    pub(crate) fn text(self, key: &str) -> Result<&'j str, Wrong> {
        as_text(key, self.needed(key)?)
    }

    /// A copy of the text.
    pub(crate) fn string(self, key: &str) -> Result<String, Wrong> {
        self.text(key).map(str::to_owned)
    }

    pub(crate) fn optional_text(self, key: &str) -> Result<Option<&'j str>, Wrong> {
        self.optional(key)?.map(|json| as_text(key, json)).transpose()
    }

    /// As [`Fields::string`]; empty if the key is missing.
    pub(crate) fn text_or_empty(self, key: &str) -> Result<String, Wrong> {
        match self.find(key)? {
            Some(_) => self.string(key),
            None => Ok(String::new()),
        }
    }

    /// A text that `parse` takes.
    pub(crate) fn id<T>(self, key: &str, parse: fn(&str) -> Result<T, Fault>) -> Result<T, Wrong> {
        parse(self.text(key)?).map_err(|fault| within(key, &fault))
    }

    pub(crate) fn optional_id<T>(self, key: &str, parse: fn(&str) -> Result<T, Fault>) -> Result<Option<T>, Wrong> {
        let Some(text) = self.optional_text(key)? else { return Ok(None) };
        parse(text).map(Some).map_err(|fault| within(key, &fault))
    }

    pub(crate) fn u64(self, key: &str) -> Result<u64, Wrong> {
        as_whole(key, self.needed(key)?, u64::MAX)
    }

    pub(crate) fn optional_u64(self, key: &str) -> Result<Option<u64>, Wrong> {
        self.optional(key)?.map(|json| as_whole(key, json, u64::MAX)).transpose()
    }

    pub(crate) fn u32(self, key: &str) -> Result<u32, Wrong> {
        Ok(as_whole(key, self.needed(key)?, u32::MAX.into())? as u32)
    }

    pub(crate) fn optional_u32(self, key: &str) -> Result<Option<u32>, Wrong> {
        let Some(json) = self.optional(key)? else { return Ok(None) };
        Ok(Some(as_whole(key, json, u32::MAX.into())? as u32))
    }

    pub(crate) fn i64(self, key: &str) -> Result<i64, Wrong> {
        as_signed(key, self.needed(key)?, i64::MIN, i64::MAX)
    }

    pub(crate) fn i32(self, key: &str) -> Result<i32, Wrong> {
        Ok(as_signed(key, self.needed(key)?, i32::MIN.into(), i32::MAX.into())? as i32)
    }

    pub(crate) fn i32_or_zero(self, key: &str) -> Result<i32, Wrong> {
        match self.find(key)? {
            Some(json) => Ok(as_signed(key, json, i32::MIN.into(), i32::MAX.into())? as i32),
            None => Ok(0),
        }
    }

    pub(crate) fn flag(self, key: &str) -> Result<bool, Wrong> {
        as_flag(key, self.needed(key)?)
    }

    pub(crate) fn flag_or_false(self, key: &str) -> Result<bool, Wrong> {
        self.find(key)?.map_or(Ok(false), |json| as_flag(key, json))
    }

    pub(crate) fn object(self, key: &str) -> Result<Fields<'j>, Wrong> {
        as_object(key, self.needed(key)?)
    }

    /// A list of objects.
    pub(crate) fn list<T>(self, key: &str, read: fn(Fields<'j>) -> Result<T, Wrong>) -> Result<Vec<T>, Wrong> {
        self.needed(key)?;
        self.list_or_empty(key, read)
    }

    pub(crate) fn list_or_empty<T>(self, key: &str, read: fn(Fields<'j>) -> Result<T, Wrong>) -> Result<Vec<T>, Wrong> {
        let items = match self.find(key)? {
            Some(json) => as_list(key, json)?,
            None => &[],
        };
        let mut list = Vec::new();
        for json in items {
            list.push(as_object(key, json).and_then(read).map_err(|wrong| within(key, &wrong))?);
        }
        Ok(list)
    }
}

fn as_text<'j>(key: &str, json: &'j Json<'j>) -> Result<&'j str, Wrong> {
    let Json::Text(text) = json else { return Err(wrong(key, "a string", json)) };
    Ok(text)
}

fn as_flag(key: &str, json: &Json<'_>) -> Result<bool, Wrong> {
    let Json::Bool(value) = json else { return Err(wrong(key, "true or false", json)) };
    Ok(*value)
}

fn as_list<'j>(key: &str, json: &'j Json<'j>) -> Result<&'j [Json<'j>], Wrong> {
    let Json::List(list) = json else { return Err(wrong(key, "a list", json)) };
    Ok(list)
}

fn as_object<'j>(key: &str, json: &'j Json<'j>) -> Result<Fields<'j>, Wrong> {
    json.fields().ok_or_else(|| wrong(key, "an object", json))
}

fn as_whole(key: &str, json: &Json<'_>, most: u64) -> Result<u64, Wrong> {
    if let Json::Whole(number) = json
        && *number <= most
    {
        return Ok(*number);
    }
    Err(wrong(key, &format!("a whole number from 0 to {most}"), json))
}

fn as_signed(key: &str, json: &Json<'_>, least: i64, most: i64) -> Result<i64, Wrong> {
    let number = match json {
        Json::Whole(number) => i64::try_from(*number).ok(),
        Json::Negative(number) => Some(*number),
        Json::Null | Json::Bool(_) | Json::OtherNumber | Json::Text(_) | Json::List(_) | Json::Object(_) => None,
    };
    match number {
        Some(number) if (least..=most).contains(&number) => Ok(number),
        Some(_) | None => Err(wrong(key, &format!("a whole number from {least} to {most}"), json)),
    }
}

#[cold]
fn wrong(key: &str, allowed: &str, json: &Json<'_>) -> Wrong {
    refusal(format!("{key:?} must be {allowed}; got {json}"))
}

#[cold]
fn within(key: &str, fault: &Fault) -> Wrong {
    refusal(format!("{key:?}: {}", fault.message))
}

/// Writes one object, with its keys in the order of the calls.
#[derive(Debug, Default)]
pub struct ObjectWriter {
    /// What comes between the braces.
    fields: String,
}

impl ObjectWriter {
    /// The object as text, on one line.
    pub fn end(self) -> String {
        format!("{{{}}}", self.fields)
    }

    /// Adds a text; what has to be escaped in it or in the key, is.
    pub fn text(&mut self, key: &str, text: &str) {
        self.json(key, &quoted(text));
    }

    pub(crate) fn text_unless_empty(&mut self, key: &str, text: &str) {
        if !text.is_empty() {
            self.text(key, text);
        }
    }

    pub(crate) fn texts(&mut self, key: &str, texts: &mut dyn Iterator<Item = &str>) {
        let mut list = "[".to_owned();
        for text in texts {
            if list.len() > 1 {
                list.push(',');
            }
            list.push_str(&quoted(text));
        }
        list.push(']');
        self.json(key, &list);
    }

    pub(crate) fn u64(&mut self, key: &str, number: u64) {
        self.json(key, &number.to_string());
    }

    pub(crate) fn i64(&mut self, key: &str, number: i64) {
        self.json(key, &number.to_string());
    }

    pub(crate) fn flag(&mut self, key: &str, value: bool) {
        self.json(key, if value { "true" } else { "false" });
    }

    pub(crate) fn flag_if_set(&mut self, key: &str, value: bool) {
        if value {
            self.flag(key, true);
        }
    }

    pub(crate) fn object(&mut self, key: &str, object: ObjectWriter) {
        self.json(key, &object.end());
    }

    /// A value that is JSON already.
    fn json(&mut self, key: &str, json: &str) {
        let comma = if self.fields.is_empty() { "" } else { "," };
        for part in [comma, &quoted(key), ":", json] {
            self.fields.push_str(part);
        }
    }
}

fn quoted(text: &str) -> String {
    // Every text can be said in JSON. If that failed, the other side would refuse the frame, which is better than a panic
    // here.
    serde_json::to_string(text).unwrap_or_default()
}
