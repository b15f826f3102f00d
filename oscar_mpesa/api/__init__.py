"""JSON API for apps and other clients without the shop's pages. ``docs/openapi.json`` describes it."""
