"""From files to batches: sources.open -> faces.load -> pipeline.batches."""
