"""YAML: nodes that know where they are written, merged in the form that ours has."""
