//! What clients are told, as the chat and the model both say it.

use chat_server::chat::{Audience, ClientId, Delivery, Event, Farewell, Grant};

use super::Refused;

/// What a client is told.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Told {
    Event(Event),
    Refused(Refused),
    Grant(Grant),
    End(Farewell),
}

impl Told {
    /// What `deliveries` tell, client by client.
    pub fn of(deliveries: &[Delivery]) -> Vec<(ClientId, Told)> {
        let mut told = Vec::new();
        for delivery in deliveries {
            match delivery {
                Delivery::Event(audience, event) => {
                    let what = match event {
                        Event::Refused(refusal) => Told::Refused(refusal.code()),
                        // From where somebody is connected is told in no particular order.
                        Event::Account { who, created, last_seen, operator, rooms, addresses } => {
                            let mut addresses = addresses.clone();
                            addresses.sort();
                            let (who, rooms) = (who.clone(), rooms.clone());
                            let (created, last_seen, operator) = (*created, *last_seen, *operator);
                            Told::Event(Event::Account { who, created, last_seen, operator, rooms, addresses })
                        }
                        event => Told::Event(event.clone()),
                    };
                    match audience {
                        Audience::One(client) => told.push((*client, what)),
                        Audience::Many(clients, except) => {
                            let clients = clients.iter().filter(|client| Some(**client) != *except);
                            told.extend(clients.map(|client| (*client, what.clone())));
                        }
                    }
                }
                Delivery::Grant(client, grant) => told.push((*client, Told::Grant(grant.clone()))),
                Delivery::End(client, farewell) => told.push((*client, Told::End(farewell.clone()))),
            }
        }
        told
    }
}
