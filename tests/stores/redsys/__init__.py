"""A shop whose bank reports card payments from its own server, with the class structure of django-oscar-redsys."""
