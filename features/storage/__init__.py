"""The tables as they are stored: files, snapshots, joined and retracted rows, exports."""
