"""Pages for staff in Oscar's dashboard. A view calls one service and shows the result."""
