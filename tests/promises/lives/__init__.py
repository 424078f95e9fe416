"""Lives of a project: many steps of its user, of aegis and of git, one after the other."""
