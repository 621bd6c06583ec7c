"""The browser's side: `capi.js`, made of src/ by `make snippet`; the demo shop; the template for Tag Manager."""
