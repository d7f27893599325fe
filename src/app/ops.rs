//! The operator's door: `/livez`, `/readyz` and `/metrics` in plain HTTP, on an address that partners cannot reach.

use std::{convert::Infallible, net::TcpListener, sync::Arc, time::Duration};

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::Full;
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use metrics_exporter_prometheus::PrometheusHandle;
use tokio::sync::Semaphore;

use super::Ready;

/// Probes at once; more wait.
const MOST: usize = 32;
/// A probe that has not asked by then is cut.
const PATIENCE: Duration = Duration::from_secs(5);

/// Answers probes until it is dropped.
pub(super) async fn serve(listener: TcpListener, metrics: PrometheusHandle, ready: Arc<Ready>) {
    let Ok(listener) = tokio::net::TcpListener::from_std(listener) else { return };
    let permits = Arc::new(Semaphore::new(MOST));
    loop {
        let permit = permits.clone().acquire_owned().await;
        let socket = match listener.accept().await {
            Ok((socket, _)) => socket,
            Err(error) => {
                // Out of files, most likely: do not spin.
                tracing::warn!(%error, "a probe was not accepted");
                tokio::time::sleep(Duration::from_millis(100)).await;
                continue;
            }
        };
        let (metrics, ready) = (metrics.clone(), ready.clone());
        tokio::spawn(async move {
            let _permit = permit;
            let answer = service_fn(move |request| {
                std::future::ready(Ok::<_, Infallible>(answer(&request, &metrics, &ready)))
            });
            let mut http = http1::Builder::new();
            http.timer(TokioTimer::new()).header_read_timeout(PATIENCE).keep_alive(false);
            let _ = http.serve_connection(TokioIo::new(socket), answer).await; // a probe that went away
        });
    }
}

fn answer(request: &Request<Incoming>, metrics: &PrometheusHandle, ready: &Ready) -> Response<Full<Bytes>> {
    let (status, body) = match request.uri().path() {
        "/livez" => (StatusCode::OK, "ok\n".to_owned()),
        "/readyz" => match ready.check() {
            Ok(()) => match ready.degraded() {
                None => (StatusCode::OK, "ready\n".to_owned()),
                Some(what) => (StatusCode::OK, format!("ready, degraded: {what}\n")),
            },
            Err(why) => (StatusCode::SERVICE_UNAVAILABLE, format!("not ready: {why}\n")),
        },
        "/metrics" => {
            ready.measure();
            (StatusCode::OK, metrics.render())
        }
        _ => (StatusCode::NOT_FOUND, "there are /livez, /readyz and /metrics\n".to_owned()),
    };
    let mut response = Response::new(Full::new(Bytes::from(body)));
    *response.status_mut() = status;
    response
}
