//! The JSON of a [`Route`].

use serde::{Deserialize, Serialize};

use super::Route;
use crate::reply::status::StatusTime;
use crate::reply::status::table::OtherColumns;
use crate::types::{RealAddress, Text, VirtualAddress};

#[derive(Serialize, Deserialize, PartialEq)]
pub(super) struct Fields {
    virtual_address: VirtualAddress,
    cached: bool,
    common_name: Option<Text>,
    real_address: RealAddress,
    last_ref: StatusTime,
    other: Vec<(Text, Text)>,
}

impl From<Route> for Fields {
    fn from(route: Route) -> Self {
        let (virtual_address, cached) = route.virtual_and_cached();
        Self {
            virtual_address,
            cached,
            common_name: route.common_name(),
            real_address: route.real_address(),
            last_ref: route.last_ref(),
            other: route.other(),
        }
    }
}

impl TryFrom<Fields> for Route {
    type Error = String;

    fn try_from(fields: Fields) -> Result<Self, String> {
        let mut address = match &fields.virtual_address {
            VirtualAddress::Other(text) => text.as_bytes().to_vec(),
            address => address.to_string().into_bytes(),
        };
        address.extend(fields.cached.then_some(b'C'));
        let name = fields.common_name.clone().unwrap_or_else(|| "UNDEF".into());
        let route = Self::new(address, name, fields.real_address.text.clone(), &fields.last_ref);
        let route = route.map_err(|problem| problem.to_string())?;
        let Some((line, other)) = OtherColumns::behind(&route.line, &fields.other) else {
            return Err("a value in `other` holds a line end".into());
        };
        let route = Self { line, other, ..route };
        if Fields::from(route.clone()) != fields {
            return Err("no row of a status says this: none's name, or an odd address".into());
        }
        Ok(route)
    }
}
