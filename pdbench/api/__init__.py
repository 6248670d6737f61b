"""The commands as Python calls: each does what `pdbench <command>` does with the same options.

They are offered as `pdbench.run`, `pdbench.table` and so on. Command files import them when a
command runs, so that help never waits for torch.
"""
