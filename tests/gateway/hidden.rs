//! An order that is not the asker's to see is one that is not there, whatever is asked about it.

use greenlane::{
    domain::{participant::Level, refusal::Reason},
    service::{command::figures, shutdown::list_numbers},
};

use crate::{
    orders::{Shut, answer_all, authority, shut},
    registrations,
    world::{World, caller},
};

async fn hidden(world: World) {
    registrations::ready(&world).await;
    for (who, level) in [("police/mps", Level::Ministry), ("police/city", Level::City)] {
        authority(&world, who, level).await;
    }
    let order = shut(&world, Shut::default()).await;
    answer_all(&world).await;
    let none = "0190b5c0-0000-7000-8000-000000000000";
    for (who, id, sees) in [
        ("police/mps/officer-1", order.as_str(), true),
        ("regulator/miit/officer-1", order.as_str(), true),
        ("auditor/nao", order.as_str(), true),
        ("police/city/officer-1", order.as_str(), false),
        ("police/city/officer-1", none, false),
        ("regulator/miit/officer-1", none, false),
    ] {
        let caller = caller(who);
        let figures =
            figures::Filter { order_id: Some(id.to_owned()), drill: false, since: crate::world::start() };
        let actions = list_numbers::Filter {
            order: Some(id.to_owned()),
            msisdn: None,
            state: None,
            mvno: None,
            page_size: 0,
            page_token: String::new(),
        };
        let gateway = &world.gateway;
        let asked = [
            gateway.shutdown_order(&caller, id.to_owned()).await.map(drop),
            gateway.list_figures(&caller, None, figures).await.map(drop),
            gateway.list_number_actions(&caller, actions).await.map(drop),
            gateway.watch_shutdown_order(&caller, id.to_owned()).await.map(drop),
        ];
        for (at, asked) in asked.into_iter().enumerate() {
            let reason = asked.err().map(|refusal| refusal.reason);
            assert_eq!(reason, (!sees).then_some(Reason::OrderNotFound), "{at} of {id} to {who}");
        }
        let (alarms, _) =
            gateway.list_alarms(&caller, None, Some(id.to_owned()), 0, "").await.expect("listed");
        assert!(sees || alarms.is_empty());
    }
    // A receiver has what it was sent of an order, and no other's.
    let ask =
        || figures::Filter { order_id: Some(order.clone()), drill: false, since: crate::world::start() };
    let own = world.gateway.list_figures(&caller("mvno/m01"), None, ask()).await.expect("its own");
    assert_eq!(own.len(), 1);
    let other = world.gateway.list_figures(&caller("mvno/m02"), None, ask()).await.expect("none");
    assert!(other.is_empty());
}

#[tokio::test]
async fn an_order_of_others_is_none_on_sqlite() {
    hidden(World::empty().await).await;
}

#[tokio::test]
async fn an_order_of_others_is_none_on_postgres() {
    hidden(World::postgres().await).await;
}
