//! The process's metrics: one recorder, whoever asks first.

use std::sync::OnceLock;

use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};

/// Upper bounds of the histograms of seconds: from 50 microseconds to 10 seconds.
const SECONDS: &[f64] = &[
    0.000_05, 0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5,
    10.0,
];

/// Installs the recorder, once for the process.
pub fn install() -> PrometheusHandle {
    static HANDLE: OnceLock<PrometheusHandle> = OnceLock::new();
    HANDLE
        .get_or_init(|| {
            let seconds = Matcher::Suffix("_seconds".to_owned());
            let builder =
                PrometheusBuilder::new().set_buckets_for_metric(seconds, SECONDS).expect("there are buckets");
            builder.install_recorder().expect("nobody else in this process records metrics")
        })
        .clone()
}
