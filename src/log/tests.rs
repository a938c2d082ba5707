use std::path::Path;

use super::*;

fn folder(name: &str) -> PathBuf {
    let folder = std::env::temp_dir().join(format!("zim-log-{name}-{}", std::process::id()));
    let _ = std::fs::remove_dir_all(&folder);
    folder
}

fn file_in(folder: &Path, size_limit: u64) -> RotatingFile {
    RotatingFile::open(&LogConfig { folder: folder.to_owned(), size_limit }).unwrap()
}

#[test]
fn files_rotate_and_their_tail_spans_both() {
    let folder = folder("rotate");
    let mut file = file_in(&folder, 16 * 1024);
    for number in 0..2_000 {
        file.write(&format!("line {number:04}"));
    }
    let (current, former) = (folder.join("zim.log"), folder.join("zim.1.log"));
    for path in [&current, &former] {
        let size = std::fs::metadata(path).unwrap().len();
        assert!(size > 0 && size <= 8_192, "{} has {size} bytes", path.display());
    }
    let tail = String::from_utf8(file::tail(&file.paths(), 8_190)).unwrap();
    assert_eq!(tail.len(), 8_190);
    let numbers: Vec<u32> =
        tail.lines().filter_map(|line| line.strip_prefix("line ")).map(|number| number.parse().unwrap()).collect();
    assert!(numbers.windows(2).all(|pair| pair[0] + 1 == pair[1]));
    assert_eq!(numbers.last(), Some(&1_999));
    std::fs::remove_dir_all(&folder).unwrap();
}

#[test]
fn a_file_is_continued_and_comes_back_when_it_was_removed() {
    let folder = folder("again");
    file_in(&folder, 0).write("one");
    let mut file = file_in(&folder, 0);
    file.write("two");
    assert_eq!(std::fs::read_to_string(folder.join("zim.log")).unwrap(), "one\ntwo\n");
    std::fs::remove_dir_all(&folder).unwrap();
}

#[test]
fn a_folder_that_cannot_be_is_refused_with_its_name() {
    let folder = folder("blocked");
    std::fs::create_dir_all(&folder).unwrap();
    let blocker = folder.join("file");
    std::fs::write(&blocker, "").unwrap();
    let fault = set_log_config(Some(LogConfig { folder: blocker.join("logs"), size_limit: 0 })).unwrap_err();
    assert!(fault.message.contains("name a folder that can be written"), "{fault}");
    assert!(fault.message.contains("file"), "{fault}");
    std::fs::remove_dir_all(&folder).unwrap();
}

#[test]
fn what_is_written_can_be_uploaded() {
    write(Level::Info, format_args!("a line of {}", "what_is_written_can_be_uploaded"));
    write(Level::Debug, format_args!("chatter of {}", "what_is_written_can_be_uploaded"));
    let tail = tail();
    assert!(tail.contains("INFO  a line of what_is_written_can_be_uploaded\n"));
    assert!(!tail.contains("chatter of what_is_written_can_be_uploaded"));
    assert!(tail.len() <= limits::LOG_PART_BYTES * limits::LOG_PARTS as usize);
}
