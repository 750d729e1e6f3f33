//! Options of the access log.

use super::global::Draft;
use crate::{
    config::AccessLogFormat,
    control::translate::{
        rows::{Fault, Meaning, Row},
        values,
    },
};

pub(super) const ROWS: &[Row<Draft>] = &[
    row("disable-access-log", disable),
    row("disable-http-access-log", disable),
    row("log-format-upstream", |value, draft| {
        if draft.options.access_log.is_some() {
            draft.options.access_log = Some(AccessLogFormat::Text);
        }
        if value == INGRESS_NGINX_FORMAT {
            return Ok(());
        }
        Err(Fault::warning(
            "formats of one's own are not supported yet",
            "the access log has ingress-nginx's default format",
        ))
    }),
];

/// ingress-nginx's default, which is [`AccessLogFormat::Text`].
const INGRESS_NGINX_FORMAT: &str = concat!(
    r#"$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent "#,
    r#""$http_referer" "$http_user_agent" $request_length $request_time "#,
    r#"[$proxy_upstream_name] [$proxy_alternative_upstream_name] $upstream_addr "#,
    r#"$upstream_response_length $upstream_response_time $upstream_status $req_id"#,
);

const fn row(name: &'static str, read: fn(&str, &mut Draft) -> Result<(), Fault>) -> Row<Draft> {
    Row {
        name,
        meaning: Meaning::Setting(read),
    }
}

fn disable(value: &str, draft: &mut Draft) -> Result<(), Fault> {
    if values::boolean(value)? {
        draft.options.access_log = None;
    }
    Ok(())
}
