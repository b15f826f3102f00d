"""Oscar's side of the money: the order that is placed first, its statuses, its books and its mails."""
