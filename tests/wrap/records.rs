//! Wrappers that put the dump, or each of its lines, into a field of a record.

use super::lines::newest_first;
use super::{Sheet, Stamp, Wrapped, lines, without_blanks};
use serde_json::{Value, json};

fn text(line: &[u8]) -> String {
    String::from_utf8_lossy(line).into_owned()
}

/// One record for each line.
fn each(
    dump: &[u8],
    time: fn(Stamp) -> Option<i64>,
    record: impl Fn(Stamp, String) -> Value,
) -> Wrapped {
    let mut sheet = Sheet::default();
    for (index, line) in lines(dump).into_iter().enumerate() {
        let stamp = Stamp::of(index);
        sheet.line(time(stamp), record(stamp, text(line)).to_string());
    }
    sheet.done()
}

/// The whole dump on line `line` of the text.
fn whole(text: String, dump: &[u8], line: u32, time: Option<i64>) -> Wrapped {
    Wrapped {
        text: text.into_bytes(),
        places: lines(dump).iter().map(|_| (line, time)).collect(),
    }
}

pub fn docker(dump: &[u8]) -> Wrapped {
    each(
        dump,
        Stamp::nanos,
        |stamp, line| json!({ "log": line + "\n", "stream": "stderr", "time": stamp.iso_trimmed() }),
    )
}

/// Long lines come in parts, the last with the line end.
pub fn docker_split(dump: &[u8]) -> Wrapped {
    let mut sheet = Sheet::default();
    for (index, line) in lines(dump).into_iter().enumerate() {
        let stamp = Stamp::of(index);
        sheet.begins(stamp.nanos());
        let line = [line, b"\n"].concat();
        for part in line.chunks(50) {
            sheet.aside(
                json!({ "log": text(part), "stream": "stderr", "time": stamp.iso() }).to_string(),
            );
        }
    }
    sheet.done()
}

fn journal_record(stamp: Stamp, message: Value) -> Value {
    json!({
        "__CURSOR": "s=0123", "__REALTIME_TIMESTAMP": (stamp.nanos().unwrap_or(0) / 1000).to_string(),
        "_SYSTEMD_UNIT": "web.service", "_PID": "812", "PRIORITY": "3", "MESSAGE": message, "_HOSTNAME": "node-3",
    })
}

pub fn journald_json(dump: &[u8]) -> Wrapped {
    each(
        &without_blanks(dump),
        |stamp| stamp.nanos_to(6),
        |stamp, line| journal_record(stamp, Value::String(line)),
    )
}

/// Lines with a tab as arrays of bytes.
pub fn journald_json_bytes(dump: &[u8]) -> Wrapped {
    each(
        &without_blanks(dump),
        |stamp| stamp.nanos_to(6),
        |stamp, line| {
            let message = if line.starts_with('\t') {
                json!(line.as_bytes())
            } else {
                Value::String(line)
            };
            journal_record(stamp, message)
        },
    )
}

pub fn journald_export(dump: &[u8]) -> Wrapped {
    let mut sheet = Sheet::default();
    for (index, line) in lines(&without_blanks(dump)).into_iter().enumerate() {
        let stamp = Stamp::of(index);
        sheet.aside("__CURSOR=s=0123");
        sheet.aside(format!(
            "__REALTIME_TIMESTAMP={}",
            stamp.nanos().unwrap_or(0) / 1000
        ));
        sheet.line(stamp.nanos_to(6), [b"MESSAGE=", line].concat());
        sheet.aside("_SYSTEMD_UNIT=web.service");
        sheet.aside("");
    }
    sheet.done()
}

pub fn zap_field(dump: &[u8]) -> Wrapped {
    let mut out = String::from(
        "{\"level\":\"info\",\"ts\":1767366240.5,\"caller\":\"web/main.go:31\",\"msg\":\"listening\"}\n",
    );
    let record = json!({ "level": "error", "ts": 1_767_366_245.5, "caller": "web/main.go:77", "stacktrace": text(dump) });
    out += &format!("{record}\n");
    whole(out, dump, 2, Some(1_767_366_245_500_000_000))
}

/// A logger that escaped the dump before another did.
pub fn json_twice(dump: &[u8]) -> Wrapped {
    let once = text(dump)
        .replace('\\', "\\\\")
        .replace('\n', "\\n")
        .replace('\t', "\\t")
        .replace('"', "\\\"");
    whole(
        format!(
            "{}\n",
            json!({ "severity": "ERROR", "timestamp": "2026-01-02T15:04:05Z", "message": once })
        ),
        dump,
        1,
        Stamp::of(0).nanos(),
    )
}

pub fn zerolog_lines(dump: &[u8]) -> Wrapped {
    each(
        dump,
        |stamp| stamp.nanos_to(3),
        |stamp, line| json!({ "level": "error", "time": stamp.nanos().unwrap_or(0) / 1_000_000, "message": line }),
    )
}

fn gcp(stamp: Stamp, line: String) -> Value {
    json!({
        "insertId": "1x2y3z", "textPayload": line, "severity": "ERROR", "timestamp": stamp.iso(),
        "resource": { "type": "k8s_container", "labels": { "pod_name": "web-7d4b9c6f5-x2x9q", "container_name": "app" } },
        "receiveTimestamp": "2026-01-02T15:05:00Z",
    })
}

/// An array on one line.
pub fn gcp_array(dump: &[u8]) -> Wrapped {
    let records: Vec<Value> = lines(dump)
        .into_iter()
        .enumerate()
        .map(|(index, line)| gcp(Stamp::of(index), text(line)))
        .collect();
    let places = (0..records.len())
        .map(|index| (1, Stamp::of(index).nanos()))
        .collect();
    Wrapped {
        text: format!("{}\n", Value::Array(records)).into_bytes(),
        places,
    }
}

/// A pretty-printed array, the newest record first.
pub fn gcp_pretty_reversed(dump: &[u8]) -> Wrapped {
    let records: Vec<Value> = lines(dump)
        .into_iter()
        .enumerate()
        .map(|(index, line)| gcp(Stamp::of(index), text(line)))
        .rev()
        .collect();
    let text = serde_json::to_string_pretty(&records).unwrap_or_default();
    let values = (1u32..)
        .zip(text.lines())
        .filter(|(_, line)| line.trim_start().starts_with("\"textPayload\""))
        .map(|(number, _)| number);
    let mut places: Vec<(u32, Option<i64>)> = values
        .collect::<Vec<_>>()
        .into_iter()
        .rev()
        .map(|line| (line, None))
        .collect();
    for (index, place) in places.iter_mut().enumerate() {
        place.1 = Stamp::of(index).nanos();
    }
    Wrapped {
        text: (text + "\n").into_bytes(),
        places,
    }
}

pub fn loki_jsonl(dump: &[u8]) -> Wrapped {
    each(
        dump,
        Stamp::nanos,
        |stamp, line| json!({ "labels": { "app": "web", "pod": "web-1" }, "line": line, "timestamp": stamp.iso() }),
    )
}

/// The answer of `query_range`: pairs of nanoseconds and line, newest first.
pub fn loki_api(dump: &[u8]) -> Wrapped {
    let stamped = lines(dump)
        .into_iter()
        .enumerate()
        .map(|(index, line)| (Stamp::of(index).nanos(), text(line)));
    let values: Vec<Value> = stamped
        .clone()
        .map(|(nanos, line)| json!([nanos.unwrap_or(0).to_string(), line]))
        .rev()
        .collect();
    let answer = json!({ "status": "success", "data": { "resultType": "streams", "result": [{ "stream": { "pod": "web-1" }, "values": values }] } });
    let places = stamped.map(|(nanos, _)| (1, nanos)).collect();
    Wrapped {
        text: answer.to_string().into_bytes(),
        places,
    }
}

/// What the page's download button gives.
pub fn loki_download(dump: &[u8]) -> Wrapped {
    let mut wrapped = newest_first(each(
        dump,
        Stamp::nanos,
        |stamp, line| json!({ "line": line, "timestamp": stamp.nanos().unwrap_or(0).to_string(), "fields": { "pod": "web-1", "stream": "stderr" } }),
    ));
    let count = lines(&wrapped.text).len();
    let body: Vec<u8> = lines(&wrapped.text)
        .into_iter()
        .enumerate()
        .flat_map(|(index, line)| [line, if index + 1 < count { b",\n" } else { b"\n" }].concat())
        .collect();
    wrapped.text = [b"[\n", &body[..], b"]\n"].concat();
    wrapped.places.iter_mut().for_each(|place| place.0 += 1);
    wrapped
}

pub fn cloudwatch(dump: &[u8]) -> Wrapped {
    let stamped = lines(dump).into_iter().enumerate();
    let events: Vec<Value> = stamped
        .map(|(index, line)| json!({ "logStreamName": "web/app/0123", "timestamp": Stamp::of(index).nanos().unwrap_or(0) / 1_000_000, "message": text(line) + "\n", "ingestionTime": 1_767_366_300_000_i64, "eventId": "3" }))
        .collect();
    let places = (0..events.len())
        .map(|index| (1, Stamp::of(index).nanos_to(3)))
        .collect();
    Wrapped {
        text: json!({ "events": events, "searchedLogStreams": [] })
            .to_string()
            .into_bytes(),
        places,
    }
}

pub fn insights(dump: &[u8]) -> Wrapped {
    let stamped = lines(dump).into_iter().enumerate();
    let rows: Vec<Value> = stamped
        .map(|(index, line)| {
            let stamp = format!("2026-01-02 {}", Stamp::of(index).clock_to(3));
            json!([{ "field": "@timestamp", "value": stamp }, { "field": "@message", "value": text(line) }, { "field": "@ptr", "value": "Cl8K" }])
        })
        .collect();
    let places = (0..rows.len())
        .map(|index| (1, Stamp::of(index).nanos_to(3)))
        .collect();
    Wrapped {
        text: json!({ "results": rows, "status": "Complete" })
            .to_string()
            .into_bytes(),
        places,
    }
}

pub fn elastic(dump: &[u8]) -> Wrapped {
    let stamped = lines(dump).into_iter().enumerate();
    let hits: Vec<Value> = stamped
        .map(|(index, line)| json!({ "_index": "logs", "_source": { "@timestamp": Stamp::of(index).iso(), "message": text(line), "kubernetes": { "pod": { "name": "web-1" } } }, "sort": [index] }))
        .collect();
    let places = (0..hits.len())
        .map(|index| (1, Stamp::of(index).nanos()))
        .collect();
    Wrapped {
        text: json!({ "took": 3, "hits": { "hits": hits } })
            .to_string()
            .into_bytes(),
        places,
    }
}

/// As Go's `strconv.Quote` writes.
fn go_quoted(text: &str) -> String {
    format!(
        "\"{}\"",
        text.replace('\\', "\\\\")
            .replace('"', "\\\"")
            .replace('\n', "\\n")
            .replace('\t', "\\t")
    )
}

pub fn logfmt_field(dump: &[u8]) -> Wrapped {
    let mut out =
        String::from("time=\"2026-01-02T15:04:01Z\" level=info msg=\"listening on :8080\"\n");
    out += &format!(
        "time=\"2026-01-02T15:04:05Z\" level=error service=web stack={}\n",
        go_quoted(&text(dump))
    );
    whole(out, dump, 2, Stamp::of(0).nanos())
}

/// slog and logrus quote what needs it.
pub fn logfmt_lines(dump: &[u8]) -> Wrapped {
    let mut sheet = Sheet::default();
    for (index, line) in lines(dump).into_iter().enumerate() {
        let stamp = Stamp::of(index);
        let line = text(line);
        let bare = !line.is_empty()
            && line
                .bytes()
                .all(|byte| byte.is_ascii_graphic() && !matches!(byte, b'"' | b'=' | b'\\'));
        let value = if bare { line } else { go_quoted(&line) };
        sheet.line(
            stamp.nanos_to(3),
            format!(
                "time=2026-01-02T{}Z level=ERROR msg={value} service=web",
                stamp.clock_to(3)
            ),
        );
    }
    sheet.done()
}

/// The default logger of log/slog.
pub fn slog_text(dump: &[u8]) -> Wrapped {
    let mut sheet = Sheet::default();
    sheet.aside("2026/01/02 15:04:01 INFO listening addr=:8080");
    sheet.aside(format!(
        "2026/01/02 15:04:05 ERROR recovered worker=7 stack={}",
        go_quoted(&text(dump))
    ));
    Wrapped {
        places: lines(dump)
            .iter()
            .map(|_| (2, Stamp::of(0).nanos()))
            .collect(),
        ..sheet.done()
    }
}

fn csv_quoted(text: &str) -> String {
    if text.contains([',', '"', '\n', '\r']) {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text.to_owned()
    }
}

fn csv_rows(dump: &[u8]) -> Wrapped {
    let mut sheet = Sheet::default();
    for (index, line) in lines(dump).into_iter().enumerate() {
        let stamp = Stamp::of(index);
        sheet.line(
            stamp.nanos_to(3),
            format!(
                "2026-01-02T{}Z,node-3,web,{}",
                stamp.clock_to(3),
                csv_quoted(&text(line))
            ),
        );
    }
    sheet.done()
}

fn with_head(mut wrapped: Wrapped, head: &str) -> Wrapped {
    wrapped.text = [head.as_bytes(), &wrapped.text].concat();
    wrapped.places.iter_mut().for_each(|place| place.0 += 1);
    wrapped
}

pub fn csv_lines(dump: &[u8]) -> Wrapped {
    with_head(csv_rows(dump), "Date,Host,Service,Message\n")
}

pub fn csv_reversed(dump: &[u8]) -> Wrapped {
    with_head(newest_first(csv_rows(dump)), "Date,Host,Service,Message\n")
}

/// The lines of the dump are lines of the source here.
pub fn csv_field(dump: &[u8]) -> Wrapped {
    let body = text(dump);
    let body = body
        .strip_suffix('\n')
        .unwrap_or(&body)
        .replace('"', "\"\"");
    let out = format!(
        "@timestamp,@message,@logStream\n2026-01-02 15:04:05.000,\"{body}\",web/app/0123\n"
    );
    let places = (2u32..)
        .zip(lines(dump))
        .map(|(line, _)| (line, Stamp::of(0).nanos()))
        .collect();
    Wrapped {
        text: out.into_bytes(),
        places,
    }
}

fn test_event(stamp: Stamp, output: String) -> String {
    json!({ "Time": stamp.iso(), "Action": "output", "Package": "example.com/web", "Test": "TestShop", "Output": output }).to_string()
}

pub fn go_test(dump: &[u8]) -> Wrapped {
    let mut sheet = Sheet::default();
    sheet.aside(
        json!({ "Time": "2026-01-02T15:04:01Z", "Action": "start", "Package": "example.com/web" })
            .to_string(),
    );
    sheet.aside(json!({ "Time": "2026-01-02T15:04:01Z", "Action": "run", "Package": "example.com/web", "Test": "TestShop" }).to_string());
    for (index, line) in lines(dump).into_iter().enumerate() {
        let stamp = Stamp::of(index);
        sheet.line(stamp.nanos(), test_event(stamp, text(line) + "\n"));
    }
    sheet.aside(json!({ "Time": "2026-01-02T15:05:01Z", "Action": "fail", "Package": "example.com/web", "Elapsed": 3.2 }).to_string());
    sheet.done()
}

/// A line may come in several events; those of another package stand between.
pub fn go_test_split(dump: &[u8]) -> Wrapped {
    let mut sheet = Sheet::default();
    for (index, line) in lines(dump).into_iter().enumerate() {
        let stamp = Stamp::of(index);
        sheet.begins(stamp.nanos());
        let (head, tail) = line.split_at(if index % 3 == 0 { line.len() / 2 } else { 0 });
        if !head.is_empty() {
            sheet.aside(test_event(stamp, text(head)));
            sheet.aside(json!({ "Time": stamp.iso(), "Action": "output", "Package": "example.com/db", "Output": "ok  \texample.com/db\t0.1s\n" }).to_string());
        }
        sheet.aside(test_event(stamp, text(tail) + "\n"));
    }
    sheet.done()
}
