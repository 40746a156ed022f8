//! What to type when a store is in the way, or out of order.

use shmkv::{Owner, SegmentError, SegmentName, StoreError};

use crate::error::LabError;

/// The error, with the command that helps, where there is one.
pub fn helped(error: LabError, name: &SegmentName) -> LabError {
    let LabError::Store(error) = error else { return error };
    let remedy = match &error {
        StoreError::Segment(SegmentError::Exists { .. }) => {
            format!("if its producer is no longer there, `lab-4 unlink --name {name}` removes it")
        }
        StoreError::Segment(
            SegmentError::OtherOwner { owner, .. } | SegmentError::OpenToOthers { owner, .. },
        ) => format!("`--allow-owner {owner}` does"),
        StoreError::LockTimeout { owner: Owner::Dead(_) | Owner::Unknown, .. } => {
            format!("`lab-4 recover --name {name}` does")
        }
        StoreError::Corrupt(_) => format!("`lab-4 recover --name {name}` sets it right"),
        _ => return error.into(),
    };
    LabError::Helped { error, remedy }
}
