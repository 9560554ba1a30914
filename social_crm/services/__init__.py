"""The verbs: one thing that a person can ask for, quick, one transaction each; the doors come in."""
