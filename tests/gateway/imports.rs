//! Imports: each row is taken once or rejected, and a line beyond the slots is supplemented or stopped in time. What a
//! rejected row said comes back to its sender alone, until it opens for nobody. A rehearsal writes nothing.

use greenlane::{
    domain::{
        refusal::Reason,
        registration::{
            RegistrationEvent, RegistrationState,
            draft::{Draft, TakenDraft},
            import::OnDuplicate,
        },
        time::{DAY, Time},
    },
    service::{
        context::Context,
        import::{Header, Original, Row, Wanted},
        registrations::Filter,
    },
    store::sql,
};

use crate::{
    registrations::{PERSONS, as_mvno, draft, postgres, refused, register, sqlite},
    world::{World, working},
};

pub(crate) fn row(row_number: i64, draft: Draft) -> Row {
    let capture = TakenDraft { channel: String::new(), reader_serial: String::new(), ..draft.capture };
    let register_time = Some(Time::of_date(2025, 1, 1));
    let draft = Draft { capture, register_time, event: None, ..draft };
    Row { row_number, draft, faults: Vec::new(), original: Original::new(said(row_number)) }
}

/// What a row said; its message, in earnest.
fn said(row_number: i64) -> Vec<u8> {
    format!("卡纳里 in row {row_number}").into_bytes()
}

fn wanted(import_id: &str, originals: bool, page_size: i32) -> Wanted {
    Wanted { import_id: import_id.to_owned(), originals, page_size, page_token: String::new() }
}

pub(crate) fn header(on_duplicate: OnDuplicate) -> Header {
    Header { import_id: format!("i-{on_duplicate}"), on_duplicate, validate_only: false }
}

async fn import(world: World) {
    let me = as_mvno("m01");
    let header_of = header(OnDuplicate::Skip);
    let begun = world.gateway.begin_import(&me, &header_of).await.expect("begun");
    assert_eq!(begun.durable_through_row, 0);
    // Seven lines of one person, a bad row, a number of another's block, and one number twice.
    let mut rows: Vec<Row> =
        (1..=7).map(|at| row(at, draft(u32::try_from(at).expect("few"), PERSONS[0]))).collect();
    rows.push(row(8, draft(8, "119999199003070018")));
    rows.push(row(9, Draft { msisdn: "17100020001".into(), ..draft(9, PERSONS[1]) }));
    rows.push(row(10, draft(1, PERSONS[1])));
    rows.push(row(11, draft(11, PERSONS[1])));
    let progress = world.gateway.import_rows(&me, &header_of, begun, rows).await.expect("taken");
    assert_eq!((progress.durable_through_row, progress.accepted, progress.skipped), (11, 8, 1));
    let told: Vec<(i64, &str)> =
        progress.rejected.iter().map(|row| (row.row_number, row.code.as_str())).collect();
    assert_eq!(told, [(8, "BAD_CHECKSUM"), (9, "NUMBER_NOT_ALLOCATED")]);
    let listed = world.gateway.list_rejected_rows(&me, wanted(&header_of.import_id, false, 1)).await;
    let (first, token) = listed.expect("listed");
    assert_eq!((first[0].rejected.row_number, token.is_empty()), (8, false));
    assert!(first[0].original.is_none(), "it was not asked for");
    let unknown =
        world.gateway.list_rejected_rows(&as_mvno("m02"), wanted(&header_of.import_id, true, 0)).await;
    assert_eq!(unknown.err().expect("another's").reason, Reason::ImportNotFound);

    // The two beyond five are to be verified again; the sixth is not opened for anybody.
    assert_eq!(
        world.number("SELECT COUNT(*) FROM line WHERE registration_state = 'SUPPLEMENT_DUE'").await,
        2
    );
    assert_eq!(refused(&world, draft(20, PERSONS[0])).await, "LEGACY_EXCESS");
    // Once more from any row: what is durable is passed over.
    let again = world.gateway.begin_import(&me, &header_of).await.expect("goes on");
    assert_eq!((again.durable_through_row, again.accepted, again.rejected_total), (11, 8, 2));
    let rows = vec![row(5, draft(5, PERSONS[0])), row(12, draft(12, PERSONS[2]))];
    let more = world.gateway.import_rows(&me, &header_of, again, rows).await.expect("taken");
    assert_eq!((more.durable_through_row, more.accepted, more.skipped), (12, 9, 1));

    // Another import with ERROR: a number that is there is a rejected row.
    let strict = header(OnDuplicate::Error);
    let begun = world.gateway.begin_import(&me, &strict).await.expect("begun");
    let rows = vec![row(1, draft(1, PERSONS[0])), row(2, draft(30, PERSONS[3]))];
    let told = world.gateway.import_rows(&me, &strict, begun, rows).await.expect("taken");
    assert_eq!((told.accepted, told.rejected[0].code.as_str()), (1, "NUMBER_IN_USE"));
    let other = Header { import_id: strict.import_id, ..header_of };
    let reused = world.gateway.begin_import(&me, &other).await.expect_err("other settings");
    assert_eq!(reused.reason, Reason::ImportIdReused);

    // The ladder is climbed in time: stopped one way after 30 days, and freed by a supplement.
    assert_eq!(world.gateway.climb_ladders().await.expect("nothing due"), 0);
    world.clock.pass(DAY * 30);
    assert_eq!(world.gateway.climb_ladders().await.expect("climbed"), 2);
    assert_eq!(world.number("SELECT COUNT(*) FROM line WHERE state = 'ONE_WAY_STOP'").await, 2);
    let event = Some(RegistrationEvent::Supplement);
    register(&world, Draft { event, ..draft(6, PERSONS[0]) }).await.expect("supplemented");
    assert_eq!(world.number("SELECT COUNT(*) FROM line WHERE state = 'ONE_WAY_STOP'").await, 1);
    let filter = Filter {
        mvno: None,
        subject_token: String::new(),
        channel: String::new(),
        state: Some(RegistrationState::SupplementDue),
        line_state: None,
        page_size: 0,
        page_token: String::new(),
    };
    let (due, _) = world.gateway.list_registrations(&me.caller, filter).await.expect("listed");
    assert_eq!(due.iter().map(|shown| shown.legacy).collect::<Vec<_>>(), [true]);
}

#[tokio::test]
async fn import_on_sqlite() {
    import(sqlite().await).await;
}

#[tokio::test]
async fn import_on_postgres() {
    import(postgres().await).await;
}

/// What rejected rows said comes back to their sender alone, until the import expires; what then is in older copies of
/// the record opens for nobody.
async fn originals_come_back(world: World) {
    let me = as_mvno("m01");
    let header = header(OnDuplicate::Skip);
    let begun = world.gateway.begin_import(&me, &header).await.expect("begun");
    let rows =
        (1..=4).map(|at| row(at, draft(u32::try_from(at).expect("few"), ["1", PERSONS[0]][at as usize % 2])));
    world.gateway.import_rows(&me, &header, begun, rows.collect()).await.expect("taken");
    let ask = async |context: &Context, page_size| {
        world.gateway.list_rejected_rows(context, wanted(&header.import_id, true, page_size)).await
    };
    let reads = "SELECT COUNT(*) FROM entry WHERE kind = 'READ' AND detail = '{\"originals\":2}'";
    assert_eq!(world.number(reads).await, 0);
    let (rows, _) = ask(&me, 0).await.expect("listed");
    let told: Vec<_> = rows.iter().map(|row| (row.rejected.row_number, &*row.rejected.code)).collect();
    assert_eq!(told, [(2, "BAD_LENGTH"), (4, "BAD_LENGTH")]);
    for row in &rows {
        let original = row.original.as_ref().expect("kept");
        assert_eq!(original.expose(), said(row.rejected.row_number));
    }
    assert_eq!(world.number(reads).await, 1, "that it was read is on record");
    assert!(ask(&as_mvno("m02"), 0).await.is_err_and(|refused| refused.reason == Reason::ImportNotFound));

    // A newer key wraps this one too.
    world.add_kek();
    let turned = world.with_new_keys().await;
    assert_eq!(turned.gateway.rewrap_keys().await.expect("turned").refused, 0);
    assert_eq!(
        turned
            .number(
                "SELECT COUNT(DISTINCT kek_id) FROM (
        SELECT kek_id FROM subject UNION ALL SELECT kek_id FROM import_job) keys"
            )
            .await,
        1
    );
    let world = turned;
    let (rows, token) =
        world.gateway.list_rejected_rows(&me, wanted(&header.import_id, true, 1)).await.expect("listed");
    assert_eq!((rows[0].original.as_ref().expect("kept").expose(), token.is_empty()), (&*said(2), false));

    // Thirty days after its last rows it is over; whoever goes on with it then begins with a key of its own.
    world.clock.pass(DAY * 31);
    let now = world.now();
    let pruned = world
        .store()
        .write(working(move |tx| Box::pin(async move { Ok(sql::import::prune(tx, now).await?) })));
    assert_eq!(pruned.await.expect("pruned"), 2);
    assert_eq!(world.number("SELECT COUNT(*) FROM import_job WHERE wrapped_key IS NULL").await, 1);
    let on = world.gateway.begin_import(&me, &header).await.expect("goes on");
    assert_eq!((on.durable_through_row, on.rejected_total), (4, 2));
    world.gateway.import_rows(&me, &header, on, vec![row(5, draft(5, "1"))]).await.expect("taken");
    let (rows, _) =
        world.gateway.list_rejected_rows(&me, wanted(&header.import_id, true, 0)).await.expect("listed");
    assert_eq!(rows.len(), 1);
    assert_eq!(rows[0].original.as_ref().expect("kept").expose(), said(5));
}

#[tokio::test]
async fn originals_come_back_on_sqlite() {
    originals_come_back(sqlite().await).await;
}

#[tokio::test]
async fn originals_come_back_on_postgres() {
    originals_come_back(postgres().await).await;
}

/// A rehearsal tells the same and writes nothing.
#[tokio::test]
async fn an_import_is_rehearsed() {
    let world = sqlite().await;
    let me = as_mvno("m01");
    let header = Header { validate_only: true, ..header(OnDuplicate::Skip) };
    let begun = world.gateway.begin_import(&me, &header).await.expect("begun");
    let before = world.rows().await;
    let rows = vec![row(1, draft(1, PERSONS[0])), row(2, draft(2, "1"))];
    let told = world.gateway.import_rows(&me, &header, begun, rows).await.expect("checked");
    assert_eq!((told.durable_through_row, told.accepted, told.rejected_total), (2, 1, 1));
    let told = world.gateway.import_rows(&me, &header, told, vec![row(3, draft(3, PERSONS[0]))]).await;
    assert_eq!(told.expect("checked").accepted, 2);
    assert_eq!(world.rows().await, before);
    for sql in
        ["SELECT COUNT(*) FROM line", "SELECT COUNT(*) FROM subject", "SELECT COUNT(*) FROM import_job"]
    {
        assert_eq!(world.number(sql).await, 0, "{sql}");
    }
}
