use super::*;

const LIMITS: Limits = Limits { all: 8, per_address: 8 };

fn links(limits: Limits) -> Arc<Links> {
    Arc::new(Links::new(limits))
}

fn opened(links: &Arc<Links>) -> (Link, Secret) {
    let link = links.open(Asking::default(), None).unwrap();
    let Some(View::Open { token, .. }) = links.view(link.id()) else { panic!("not open") };
    (link, token)
}

fn end(links: &Links, id: &str) -> End {
    match links.view(id) {
        Some(View::Over(end)) => end,
        other => panic!("not over: {other:?}"),
    }
}

#[test]
fn a_link_takes_one_answer() {
    let links = links(LIMITS);
    let (mut link, token) = opened(&links);
    assert!(links.answer(link.id(), &token, Answer::Approve).is_ok());
    assert_eq!(link.answer.try_recv(), Ok(Answer::Approve));
    for again in [Answer::Deny, Answer::Approve] {
        assert_eq!(links.answer(link.id(), &token, again).unwrap_err(), Refusal::Over);
    }
    let id = link.id().to_owned();
    link.close(End::ClientLeft);
    assert_eq!(end(&links, &id), End::Answered(Answer::Approve));
}

#[test]
fn an_answer_needs_the_token_of_its_own_page() {
    let links = links(LIMITS);
    let (mut link, _) = opened(&links);
    let (_other, token) = opened(&links);
    for forged in [token, Secret::default()] {
        let answered = links.answer(link.id(), &forged, Answer::Approve);
        assert_eq!(answered.unwrap_err(), Refusal::Forged);
    }
    assert!(link.answer.try_recv().is_err());
    let unknown = links.answer("guess", &Secret::default(), Answer::Approve);
    assert_eq!(unknown.unwrap_err(), Refusal::Unknown);
}

#[test]
fn a_link_that_nobody_waits_for_is_closed() {
    let links = links(LIMITS);
    let (link, token) = opened(&links);
    let id = link.id().to_owned();
    drop(link);
    assert_eq!(end(&links, &id), End::ClientLeft);
    assert_eq!(links.answer(&id, &token, Answer::Approve).unwrap_err(), Refusal::Over);
    let (link, _) = opened(&links);
    let id = link.id().to_owned();
    link.close(End::Expired);
    assert_eq!(end(&links, &id), End::Expired);
    assert!(links.table().open.is_empty());
}

#[test]
fn links_are_bounded_in_all_and_by_address() {
    let links = links(Limits { all: 3, per_address: 2 });
    let open = |ip: &str| links.open(Asking::default(), Some(ip.parse().unwrap()));
    let first = open("2001:db8::1").unwrap();
    let _second = open("2001:db8::2:1").unwrap();
    assert_eq!(open("2001:db8::ffff").err(), Some(TooMany::ForAddress(2)));
    let _third = open("2001:db8:0:1::1").unwrap();
    assert_eq!(open("192.0.2.1").err(), Some(TooMany::All(3)));
    drop(first);
    let v4 = open("192.0.2.1").unwrap();
    drop(v4);
    assert!(open("::ffff:192.0.2.1").is_ok());
}

#[test]
fn what_is_remembered_of_links_that_are_over_is_bounded() {
    let links = links(LIMITS);
    let first = opened(&links).0;
    let first_id = first.id().to_owned();
    drop(first);
    for _ in 0..2 * REMEMBERED {
        drop(opened(&links));
    }
    assert_eq!(links.table().over.len(), REMEMBERED);
    assert!(links.view(&first_id).is_none());
}

#[test]
fn a_link_that_was_over_long_ago_is_forgotten() {
    let links = links(LIMITS);
    let (link, _) = opened(&links);
    let id = link.id().to_owned();
    drop(link);
    // Where the machine has not run for so long, there is no such time.
    let Some(long_ago) = Instant::now().checked_sub(MEMORY) else { return };
    links.table().over[0].2 = long_ago;
    assert!(links.view(&id).is_none());
}
