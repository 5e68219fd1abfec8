//! SARIF 2.1.0, which code scanning of code hosts and editors take.
//!
//! One run with one result for each annotation that has a line; the others are notifications of the run, since code hosts refuse files
//! with results that have none. Paths are relative to `%SRCROOT%`, the checkout. The other party stands among
//! `relatedLocations`, the calls of each party in `codeFlows`; `partialFingerprints` let a host know a result again.

use crate::render::escape;
use crate::triage::annotation::{Annotation, Flow, Lines, Related, Rule};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::io::{self, Write};

/// The name under which fingerprints stand; its number goes up when they are made in another way.
const FINGERPRINT: &str = "gotriage/1";

/// Writes a log file of one run.
///
/// # Errors
/// Those of `out`.
pub fn write(annotations: &[Annotation], out: &mut dyn Write) -> io::Result<()> {
    let rules: BTreeSet<Rule> = annotations.iter().map(|one| one.rule).collect();
    let rules: Vec<Rule> = rules.into_iter().collect();
    let results: Vec<Value> = annotations
        .iter()
        .filter_map(|one| Some(result(one, one.at.as_ref()?, &rules)))
        .collect();
    let unplaced = annotations.iter().filter(|one| one.at.is_none());
    let notifications: Vec<Value> = unplaced.map(|one| notification(one, &rules)).collect();
    let log = json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": {
                "name": "gotriage",
                "version": env!("CARGO_PKG_VERSION"),
                "rules": rules.iter().map(rule).collect::<Vec<_>>(),
            }},
            "invocations": [{
                "executionSuccessful": true,
                "toolExecutionNotifications": notifications,
            }],
            "columnKind": "unicodeCodePoints",
            "results": results,
        }],
    });
    let mut text = serde_json::to_string_pretty(&log).map_err(io::Error::other)?;
    text.push('\n');
    out.write_all(escape::json(&text).as_bytes())
}

fn rule(rule: &Rule) -> Value {
    json!({"id": rule.id, "shortDescription": {"text": rule.description}})
}

fn notification(annotation: &Annotation, rules: &[Rule]) -> Value {
    json!({
        "associatedRule": {"id": annotation.rule.id, "index": index(annotation, rules)},
        "level": annotation.level.word(),
        "message": {"text": message(annotation)},
    })
}

fn index(annotation: &Annotation, rules: &[Rule]) -> Option<usize> {
    rules.iter().position(|rule| *rule == annotation.rule)
}

fn result(annotation: &Annotation, at: &Lines, rules: &[Rule]) -> Value {
    let mut result = json!({
        "ruleId": annotation.rule.id,
        "ruleIndex": index(annotation, rules),
        "level": annotation.level.word(),
        "message": {"text": message(annotation)},
        "locations": [location(at)],
        "partialFingerprints": {FINGERPRINT: annotation.fingerprint},
    });
    let Some(fields) = result.as_object_mut() else {
        return result;
    };
    if !annotation.related.is_empty() {
        let numbered = annotation.related.iter().zip(1..);
        let related: Vec<Value> = numbered.map(|(one, id)| remark(one, Some(id))).collect();
        fields.insert("relatedLocations".into(), json!(related));
    }
    let flows = annotation
        .flows
        .iter()
        .filter(|flow| !flow.steps.is_empty());
    let flows: Vec<Value> = flows.map(code_flow).collect();
    if !flows.is_empty() {
        fields.insert("codeFlows".into(), json!(flows));
    }
    result
}

fn message(annotation: &Annotation) -> String {
    match annotation.message.is_empty() {
        true => annotation.title.clone(),
        false => format!("{}\n{}", annotation.title, annotation.message),
    }
}

fn code_flow(flow: &Flow) -> Value {
    let steps = flow.steps.iter();
    let steps: Vec<Value> = steps
        .map(|step| json!({"location": remark(step, None)}))
        .collect();
    json!({
        "message": {"text": flow.title},
        "threadFlows": [{"locations": steps}],
    })
}

fn remark(related: &Related, id: Option<u32>) -> Value {
    let mut remark = location(&Lines {
        file: related.file.clone(),
        line: related.line,
        end_line: None,
    });
    if let Some(fields) = remark.as_object_mut() {
        fields.insert("message".into(), json!({"text": related.message}));
        if let Some(id) = id {
            fields.insert("id".into(), json!(id));
        }
    }
    remark
}

fn location(at: &Lines) -> Value {
    let mut artifact = json!({"uri": uri(&at.file)});
    if let Some(fields) = artifact.as_object_mut()
        && !at.file.starts_with('/')
    {
        fields.insert("uriBaseId".into(), json!("%SRCROOT%"));
    }
    let mut region = json!({"startLine": at.line});
    if let (Some(fields), Some(end)) = (region.as_object_mut(), at.end_line) {
        fields.insert("endLine".into(), json!(end));
    }
    json!({"physicalLocation": {"artifactLocation": artifact, "region": region}})
}

/// A path as a URI reference: what isn't unreserved or a slash is written as percent and two digits, a colon too, which would make the
/// first part of a relative path a scheme.
fn uri(path: &str) -> String {
    let mut uri = String::with_capacity(path.len() + 8);
    if path.starts_with('/') {
        uri.push_str("file://");
    }
    for byte in path.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'/' | b'-' | b'.' | b'_' | b'~' => {
                uri.push(char::from(byte));
            }
            _ => uri.push_str(&format!("%{byte:02X}")),
        }
    }
    uri
}

#[cfg(test)]
mod tests {
    use super::uri;

    #[test]
    fn paths_become_uri_references() {
        assert_eq!(uri("store/cache.go"), "store/cache.go");
        assert_eq!(uri("a b/ü:c%.go"), "a%20b/%C3%BC%3Ac%25.go");
        assert_eq!(uri("/src/x.go"), "file:///src/x.go");
    }
}
