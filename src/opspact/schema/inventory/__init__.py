"""A reader of Ansible inventories: files go in, statements and problems with their places come out."""
