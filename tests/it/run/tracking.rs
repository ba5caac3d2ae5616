//! What a run tells a program of its user's.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;

use serde_json::Value;

use super::SMALL;
use crate::common::{errors, folder, semiseq, write_config};

/// Answers posts until a run has ended; the messages in their order.
fn received(listener: &TcpListener) -> Vec<Value> {
    let mut messages: Vec<Value> = Vec::new();
    while messages.last().is_none_or(|last| last["event"] != "end") {
        let (stream, _) = listener.accept().expect("a connection");
        let mut reader = BufReader::new(stream);
        let mut length = 0;
        loop {
            let mut line = String::new();
            reader.read_line(&mut line).expect("a header");
            if let Some(count) = line.to_lowercase().strip_prefix("content-length:") {
                length = count.trim().parse().expect("a length");
            }
            if line.trim().is_empty() {
                break;
            }
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body).expect("a body");
        messages.push(serde_json::from_slice(&body).expect("JSON"));
        reader.get_mut().write_all(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n").expect("an answer");
    }
    messages
}

#[test]
fn each_epoch_and_the_end_are_posted_and_a_run_goes_on_without_an_answer() {
    let folder = folder("post");
    let config = write_config(&folder, SMALL);
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("http://{}/", listener.local_addr().expect("an address"));
    let receiver = std::thread::spawn(move || received(&listener));
    let output = semiseq(&folder, &["train", config, "--no-tui", "--post", &url]);
    assert!(output.status.success(), "{}", errors(&output));
    let messages = receiver.join().expect("messages");
    let lines = std::fs::read_to_string(folder.join("runs/small/metrics.jsonl")).expect("metrics").lines().count();
    let told = |split: &str| messages.iter().filter(|message| message.get(split).is_some()).count();
    assert_eq!(told("train") + told("valid"), lines, "what is logged is posted");
    assert!(messages.iter().all(|message| message["run"] == "small"), "{messages:?}");
    let summary = std::fs::read_to_string(folder.join("runs/small/summary.json")).expect("a summary");
    let summary: Value = serde_json::from_str(&summary).expect("JSON");
    assert_eq!(messages.last().expect("the end")["summary"], summary);

    // The port is closed now.
    let output = semiseq(&folder, &["train", config, "--no-tui", "--force", "--post", &url]);
    assert!(output.status.success(), "{}", errors(&output));
    assert_eq!(errors(&output).matches("the run goes on").count(), 1, "{}", errors(&output));

    let output = semiseq(&folder, &["train", config, "--post", "localhost:1"]);
    assert_eq!(output.status.code(), Some(2), "{}", errors(&output));
    assert!(errors(&output).contains("begins with `http://`"), "{}", errors(&output));
}
