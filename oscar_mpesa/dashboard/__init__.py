"""The shopkeeper's desk: pages of Oscar's dashboard. A view receives, calls one verb, answers."""
