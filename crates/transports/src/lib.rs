//! Routes to the outside world: a message in, an outcome out. Nothing here knows the store.
