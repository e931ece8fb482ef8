"""OpenDSR 2.0 as a processor: other controllers send what their customers ask for."""
