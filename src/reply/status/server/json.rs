//! The JSON of a [`ServerStatus`].

use serde::{Deserialize, Serialize as _, Serializer};

use super::ServerStatus;
use crate::reply::status::format::Form;
use crate::reply::status::table::Column;
use crate::reply::status::{Route, StatusClient, StatusFormat, StatusTime};
use crate::types::Text;

/// Writes the format alone, by the name it is asked for with.
pub(super) fn format<S: Serializer>(form: &Form, serializer: S) -> Result<S::Ok, S::Error> {
    form.format.serialize(serializer)
}

#[derive(Deserialize)]
pub(super) struct Fields {
    title: Option<Text>,
    time: Option<StatusTime>,
    clients: Vec<StatusClient>,
    routes: Vec<Route>,
    global_stats: Vec<(Text, Text)>,
    unparsed: Vec<Text>,
    format: StatusFormat,
}

impl From<Fields> for ServerStatus {
    fn from(fields: Fields) -> Self {
        let Fields { title, time, clients, routes, global_stats, unparsed, format } = fields;
        let mut form = Form::of(format);
        add(&mut form.clients, clients.first().map(StatusClient::other));
        add(&mut form.routes, routes.first().map(Route::other));
        Self { title, time, clients, routes, global_stats, unparsed, form }
    }
}

/// Adds the columns that are not known, which all rows of a table have.
fn add(columns: &mut Option<Vec<Column>>, other: Option<Vec<(Text, Text)>>) {
    let others = other.into_iter().flatten().map(|(name, _)| Column::Other(name));
    columns.get_or_insert_default().extend(others);
}
