//! What a trace comes to at its end: who is there then.

use super::tracing;
use super::{AS_GO, figures, whole};
use gotriage::model::trace::GoState;
use std::collections::BTreeMap;

/// Who is there at the end, as the oracle counts and names them.
#[test]
fn goroutines_at_the_end_are_known_one_by_one() {
    for sample in whole() {
        let (figures, findings, _) = figures(&sample.bytes, AS_GO);
        let live = &findings.live;
        let expected = sample.oracle["goroutines"]["alive_at_end"]
            .as_u64()
            .unwrap();
        assert_eq!(live.iter().len() as u64, expected, "{}", sample.name);
        assert_eq!(live.left_out(), 0);
        let mut reasons: BTreeMap<Vec<u8>, u64> = BTreeMap::new();
        for goroutine in live.iter() {
            assert!(goroutine.for_ns() >= 0 && goroutine.since_ns() <= findings.last_ns);
            assert_eq!(
                live.get(goroutine.id()).map(|found| found.id()),
                Some(goroutine.id())
            );
            if goroutine.state() == GoState::Waiting {
                *reasons.entry(goroutine.reason().to_vec()).or_default() += 1;
            }
            let traced = goroutine.created_at().len() > 0;
            assert!(traced || goroutine.creator().is_none(), "{}", sample.name);
        }
        let counted = findings.waiting_at_end_by_reason.iter();
        let counted = counted.map(|(name, &count)| (name.0.clone(), count));
        assert_eq!(reasons, counted.collect(), "{}", sample.name);
        assert!(live.get(u64::MAX).is_none() && figures.goroutines.alive_at_end == expected);
    }
}

/// One that leaks: the oracle gives its only wait and who made it.
#[test]
fn a_goroutine_that_waits_at_the_end_tells_since_when_and_whence() {
    let sample = tracing::pick("mixed-go1.27.3");
    let (_, findings, _) = figures(&sample.bytes, AS_GO);
    let waiter = &sample.oracle["top_waiting"][0];
    let goroutine = findings
        .live
        .get(waiter["goroutine"].as_u64().unwrap())
        .expect("it is there");
    assert_eq!(goroutine.for_ns(), waiter["wait_ns"].as_i64().unwrap());
    assert_eq!(goroutine.reason(), b"forever");
    assert!(!goroutine.since_before());
    let start = waiter["start_func"].as_str().unwrap();
    assert_eq!(goroutine.start_func(), start.as_bytes());
    let site = goroutine.created_at().next().expect("a frame");
    assert_eq!(
        site.func,
        waiter["create_func"].as_str().unwrap().as_bytes()
    );
    assert!(site.file.ends_with(b".go") && site.line > 0);
    assert!(goroutine.stack().len() > 0);
    let creator = goroutine.creator().expect("a creator");
    assert_ne!(creator, goroutine.id());
}
