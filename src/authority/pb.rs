//! The messages and the service made from `greenlane.authority.v1`. The gateway asks by them and serves none of it.

#![expect(clippy::allow_attributes, reason = "what is generated is as its generator writes it")]

tonic::include_proto!("greenlane.authority.v1");
