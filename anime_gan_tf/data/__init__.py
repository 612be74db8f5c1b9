"""From files to batches: sources.open_path -> dataset.load -> pipeline.batches."""
